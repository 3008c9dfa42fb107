const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Failure } = require('../lib/http')
const { Room, nameOf } = require('../pages/relay/room')
const { absentWords, known, phaseWords, refusedWords, rowWords, secondsLeft } = require('../pages/relay/words')
const { stroke } = require('./fakes')

const undo = { type: 'undo' }
const xs = ({ strokes }) => strokes.map(({ points }) => points[0])

/** A server with one room, as far as the client is concerned: `authors` are the people's ids. */
function fakeServer(actions, authors) {
  const server = {
    actions, authors, known: new Map(), requests: /** @type {string[]} */ ([]), lose: 0, refuse: '', kind: 'refused',
    view: () => ({ code: 'c', kind: 'together', state: 'open', people: server.authors.map((id) => ({ id, nickname: null, avatar_url: null })), seq: server.actions.length, hold: null, role: 'drawer', drawing: { created_at: '2026-11-28T00:00:00Z' } }),
    api: {
      me: async () => ({ id: 'me' }),
      address: (url) => url,
      call: async (method, path, data) => {
        server.requests.push(`${method} ${path}`)
        if (path.endsWith('/strokes')) return server.draw(data)
        const since = path.match(/since=(\d+)/)
        if (since) return { from: Number(since[1]), actions: server.actions.slice(Number(since[1])) }
        return server.view()
      },
    },
    draw({ stroke_id: id, actions: [action] }) {
      if (server.refuse) throw new Failure(server.kind, { code: server.refuse })
      if (!server.known.has(id)) {
        if (!server.authors.includes('me')) server.authors.push('me')
        server.known.set(id, server.actions.length)
        server.actions.push({ ...action, by: server.authors.indexOf('me') })
      }
      if (server.lose > 0) {
        server.lose -= 1
        throw new Failure('offline')
      }
      return { from: server.known.get(id), seq: server.known.get(id) + 1 }
    },
  }
  return server
}

test('a room loads what was drawn since, and shows own strokes before the server has them', async () => {
  const server = fakeServer([stroke(1)], ['owner'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  assert.deepEqual(xs(room.picture), [1])
  room.add(stroke(2))
  assert.deepEqual([xs(room.picture), room.by], [[1, 2], 1])
  server.actions.push({ ...stroke(3), by: 0 })
  await room.flush()
  assert.deepEqual([xs(room.picture), room.pending.length], [[1, 3, 2], 0], 'the server chose the place')
  assert.equal(server.requests.filter((request) => request.includes('since')).length, 2)
})

test('a stroke whose reply was lost is sent again and not doubled', async () => {
  const server = fakeServer([stroke(1)], ['owner'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  server.lose = 1
  room.add(stroke(2))
  room.add(stroke(3))
  await assert.rejects(room.flush(), ({ kind }) => kind === 'offline')
  assert.equal(room.pending.length, 2)
  await room.flush()
  assert.deepEqual([xs(room.picture), server.actions.length], [[1, 2, 3], 3])
})

test('a stroke whose reply was lost is not doubled though the server has forgotten its id', async () => {
  const server = fakeServer([stroke(1)], ['owner'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  server.lose = 1
  room.add(stroke(2))
  room.add(stroke(2))
  await assert.rejects(room.flush(), ({ kind }) => kind === 'offline')
  server.authors.push('third')
  server.actions.push({ ...stroke(3), by: 2 }, { ...stroke(2), by: 2 })
  server.known.clear()
  await room.load()
  assert.deepEqual([xs(room.picture), room.pending.length], [[1, 2, 3, 2, 2], 1], 'the same stroke drawn again stays')
  await room.flush()
  server.lose = 1
  room.add({ ...undo, at: 5 })
  await assert.rejects(room.flush())
  server.known.clear()
  await room.flush()
  assert.deepEqual([xs(room.picture), server.actions.length], [[1, 2, 3, 2], 6])
})

test('a stroke that the server did not look at stays', async () => {
  const server = fakeServer([stroke(1)], ['owner'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  server.refuse = 'session_ended'
  room.add(stroke(2))
  for (const kind of ['signin', 'signed_out', 'blocked', 'missing', 'wait']) {
    server.kind = kind
    await assert.rejects(room.flush(), (error) => error.kind === kind)
    assert.equal(room.pending.length, 1, kind)
  }
  server.kind = 'full'
  await assert.rejects(room.flush(), ({ kind }) => kind === 'full')
  assert.equal(room.pending.length, 0)
  assert.deepEqual(xs(room.picture), [1])
})

test('a stroke that the server refuses goes', async () => {
  const server = fakeServer([stroke(1)], ['owner'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  server.refuse = 'room_ended'
  room.add(stroke(2))
  await assert.rejects(room.flush(), ({ code }) => code === 'room_ended')
  assert.deepEqual([xs(room.picture), room.pending.length], [[1], 0])
})

test('undo takes back the own strokes alone, and the last visible stroke is known by its number', async () => {
  const server = fakeServer([stroke(1)], ['owner', 'me', 'third'])
  const room = new Room({ api: server.api, code: 'c' })
  await room.load()
  room.add(stroke(2))
  server.actions.push({ ...stroke(3), by: 2 })
  await room.flush()
  assert.ok(room.history.canUndo(room.by))
  assert.equal(room.lastStroke, 2)
  room.add(undo)
  assert.deepEqual(xs(room.picture), [1, 3])
  assert.ok(!room.history.canUndo(room.by) && room.history.canRedo(room.by))
  assert.deepEqual(room.authors().map(({ id }) => id), ['owner', 'third'])
})

test('the pages say what holds', () => {
  const about = { count: 3, goal: 9, people: 2, tried: false, seconds: 45, holder: '小红' }
  assert.deepEqual(phaseWords('theirs', about), ['小红正在画', '第 4 笔，还有 45 秒'])
  assert.deepEqual(phaseWords('done', about), ['接龙完成', '3 笔，2 位画友'])
  assert.notDeepEqual(phaseWords('mine', about), phaseWords('mine', { ...about, tried: true }))
  for (const code of ['room_not_found', 'room_banned', 'sharing_off']) assert.ok(absentWords(new Failure('refused', { code })).title, code)
  assert.equal(absentWords(new Failure('offline')).again, true)
  assert.equal(known('frozen').title, '暂停中')
  assert.deepEqual(absentWords(new Failure('refused', { code: 'room_frozen' })), known('frozen'))
  assert.equal(refusedWords(new Failure('refused', { code: 'not_your_turn' })), '现在还轮不到你')
  assert.equal(refusedWords(new Failure('offline')), '没有网络，没能送出')
  assert.equal(secondsLeft('2026-11-28T00:01:30Z', Date.parse('2026-11-28T00:00:00.500Z')), 90)
  assert.equal(secondsLeft('2026-11-28T00:00:00Z', Date.parse('2026-11-28T00:01:00Z')), 0)
  assert.equal(rowWords({ state: 'open', kind: 'relay', strokes: 3, goal: 9, hold: null }), '等第 4 笔，共 9 笔')
  assert.equal(rowWords({ state: 'done', kind: 'relay', strokes: 9, goal: 9, hold: null }), '接完了，共 9 笔')
  assert.equal(nameOf({ nickname: null }), '一位画友')
})
