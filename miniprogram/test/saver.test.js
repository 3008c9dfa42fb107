const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Drawing } = require('../lib/drawing')
const { Failure } = require('../lib/http')
const { Journal } = require('../lib/journal')
const { Saver, SAVE_AFTER, SAVE_WITHIN, PAUSES } = require('../lib/saver')
const { fakeStorage, fakeTime, settle, stroke } = require('./fakes')

const clone = (value) => JSON.parse(JSON.stringify(value))

/** The append rules of the server on one drawing, with a hand on the wire. */
function setup({ actions = [] } = {}) {
  const server = { base: 0, actions: clone(actions), title: '', appends: 0, trouble: [] }
  const api = {
    async append(id, batch) {
      server.appends += 1
      const trouble = server.trouble.shift()
      if (trouble && trouble.before) throw trouble.before
      const { from_seq: from } = batch
      const have = server.actions.slice(from - server.base)
      const same = Math.min(have.length, batch.actions.length)
      const known = clone(batch.actions)
      const seq = server.base + server.actions.length
      if (from < server.base || from > seq || JSON.stringify(have.slice(0, same)) !== JSON.stringify(known.slice(0, same))) {
        throw new Failure('conflict', { base: server.base, seq })
      }
      server.created = batch.drawing || server.created
      server.actions.push(...known.slice(same))
      if (trouble && trouble.after) throw trouble.after
      return { seq: server.base + server.actions.length }
    },
    async drawing(id, since = 0) {
      const start = Math.max(since, server.base)
      return { title: server.title, base: server.base, seq: server.base + server.actions.length, actions: clone(server.actions.slice(start - server.base)) }
    },
  }
  const wx = fakeStorage()
  const time = fakeTime()
  const journal = new Journal({ wx })
  const saver = new Saver({ api, journal, timers: time, now: time.now })
  const drawing = new Drawing({ id: 'a', title: '鱼' }, { actions: clone(actions), acked: actions.length })
  const states = []
  saver.onStatus((id, { state }) => { if (states.at(-1) !== state) states.push(state) })
  const draw = (action) => {
    drawing.push(action)
    journal.append(drawing, [action])
    saver.touch(drawing)
  }
  const xs = () => server.actions.map(({ type, points }) => (points ? points[0] : type))
  return { server, api, wx, time, journal, saver, drawing, states, draw, xs }
}

test('strokes are saved in one batch a second after the last', async () => {
  const { server, time, draw, states, drawing, journal } = setup()
  draw(stroke(1))
  await time.pass(SAVE_AFTER - 1)
  draw(stroke(2))
  await time.pass(SAVE_AFTER - 1)
  assert.equal(server.appends, 0)
  await time.pass(1)
  assert.equal(server.appends, 1)
  assert.deepEqual(server.created, { title: '鱼', width: 6144, height: 8192, mode: 'free' })
  assert.equal(drawing.pendingCount, 0)
  assert.deepEqual(states, ['saving', 'saved'])
  assert.equal(journal.drafts().length, 0)
})

test('while one keeps drawing, the oldest stroke waits five seconds at most', async () => {
  const { server, time, draw, xs } = setup()
  let x = 0
  for (let passed = 0; passed < 4 * SAVE_WITHIN; passed += 900) {
    draw(stroke(x += 1))
    await time.pass(900)
  }
  assert.ok(server.appends >= 3, `${server.appends} requests`)
  await time.pass(SAVE_AFTER)
  assert.deepEqual(xs(), Array.from({ length: x }, (_, i) => i + 1))
})

test('an answer to any request ends the pause after silence, and so does a new stroke', async () => {
  const { server, time, draw, saver, drawing } = setup()
  const lost = { before: new Failure('offline', { code: 'unreachable' }) }
  server.trouble = [lost, lost, lost, lost]
  draw(stroke(1))
  await time.pass(SAVE_AFTER + PAUSES[0] + PAUSES[1] + PAUSES[2])
  assert.deepEqual([server.appends, saver.status('a').state, time.due[0]], [4, 'unreachable', PAUSES[3]])
  draw(stroke(2))
  assert.equal(time.due[0], PAUSES[0])
  saver.wake()
  await time.pass(0)
  assert.deepEqual([server.appends, drawing.pendingCount], [5, 0])
})

test('a pause that the server asked for is kept', async () => {
  const { server, time, draw, saver } = setup()
  server.trouble = [{ before: new Failure('wait', { retryAfter: 30 }) }]
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  draw(stroke(2))
  saver.wake()
  assert.equal(time.due[0], 30_000)
})

test('signed out, nothing is retried by itself, and a sign-in sends what waits', async () => {
  const { server, time, draw, saver, drawing } = setup()
  server.trouble = [{ before: new Failure('signed_out', { code: 'signed_out' }) }]
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  assert.equal(saver.status('a').state, 'signed_out')
  await time.pass(10 * 60_000)
  assert.equal(server.appends, 1)
  await saver.flushAll()
  assert.deepEqual([saver.status('a').state, drawing.pendingCount], ['saved', 0])
  server.trouble = [{ before: new Failure('signed_out', { code: 'account_closing' }) }]
  draw(stroke(2))
  await time.pass(SAVE_AFTER)
  assert.equal(saver.status('a').state, 'closing')
})

test('what is drawn while a batch is on its way goes with the next', async () => {
  const { time, draw, api, xs, drawing, states } = setup()
  let open
  const append = api.append
  api.append = async (...args) => {
    await new Promise((resolve) => { open = resolve })
    return append(...args)
  }
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  draw(stroke(2))
  open()
  await settle()
  open()
  await settle()
  assert.deepEqual(xs(), [1, 2])
  assert.equal(drawing.pendingCount, 0)
  assert.equal(states.at(-1), 'saved')
})

test('a lost reply neither loses nor doubles a stroke', async () => {
  const { server, time, draw, xs, states } = setup()
  server.trouble = [{ after: new Failure('offline') }]
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  assert.deepEqual(states, ['saving', 'offline'])
  draw(stroke(2))
  await time.pass(PAUSES[0])
  assert.deepEqual(xs(), [1, 2])
  assert.equal(states.at(-1), 'saved')
})

test('without a network the pauses grow, and its return does not wait for them', async () => {
  const { server, saver, time, draw, xs } = setup()
  const offline = { before: new Failure('offline') }
  server.trouble = Array(6).fill(offline)
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  for (const pause of PAUSES) {
    assert.deepEqual(time.due, [pause])
    await time.pass(pause)
  }
  assert.deepEqual(time.due, [PAUSES.at(-1)])
  server.trouble = []
  await saver.flushAll()
  assert.deepEqual(xs(), [1])
  assert.deepEqual(time.due, [])
})

test('a server that asks for patience gets it', async () => {
  const { server, time, draw, states } = setup()
  server.trouble = [{ before: new Failure('wait', { retryAfter: 30 }) }]
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  draw(stroke(2))
  await time.pass(29_999)
  assert.equal(server.appends, 1)
  await time.pass(1)
  assert.deepEqual(states, ['saving', 'waiting', 'saved'])
})

test('a second device went first: its strokes below, ours above, our undo dropped', async () => {
  const { server, saver, time, draw, xs, drawing, journal } = setup({ actions: [stroke(1)] })
  const seen = []
  saver.onRebase((id) => seen.push(id))
  server.actions.push(stroke(8), stroke(9))
  draw(stroke(2))
  draw({ type: 'undo', at: 3 })
  draw(stroke(3))
  await time.pass(SAVE_AFTER)
  assert.deepEqual(xs(), [1, 8, 9, 2, 3])
  assert.deepEqual(drawing.actions.map(({ points }) => points[0]), [1, 8, 9, 2, 3])
  assert.deepEqual(seen, ['a'])
  assert.equal(journal.drafts().length, 0)
})

test('two devices that always collide end with a pause, not a loop', async () => {
  const { server, api, time, draw, states } = setup({ actions: [stroke(1)] })
  const append = api.append
  api.append = async (...args) => {
    server.actions.push(stroke(50 + server.appends))
    return append(...args)
  }
  draw(stroke(2))
  await time.pass(SAVE_AFTER)
  assert.equal(server.appends, 6)
  assert.equal(states.at(-1), 'waiting')
  api.append = append
  await time.pass(PAUSES[0])
  assert.equal(states.at(-1), 'saved')
})

test('a batch within a longer list of another device brings that list here', async () => {
  const { server, time, draw, drawing, xs } = setup({ actions: [stroke(1)] })
  server.actions.push(stroke(2), stroke(9))
  draw(stroke(2))
  await time.pass(SAVE_AFTER)
  assert.deepEqual(xs(), [1, 2, 9, 2])
  assert.deepEqual(drawing.actions.length, 4)
})

test('states that no retry mends wait for the user', async () => {
  for (const [kind, state] of [['deleted', 'deleted'], ['full', 'full'], ['blocked', 'blocked'], ['refused', 'refused']]) {
    const { server, saver, time, draw, states, drawing, journal, xs } = setup()
    server.trouble = [{ before: new Failure(kind, { requestId: '12345678ab' }) }]
    draw(stroke(1))
    await time.pass(SAVE_AFTER)
    draw(stroke(2))
    await time.pass(600_000)
    await saver.flushAll()
    assert.equal(server.appends, 1)
    assert.equal(states.at(-1), state)
    assert.equal(saver.status('a').failure.requestId, '12345678ab')
    assert.equal(journal.load('a').pendingCount, 2)
    assert.equal((await saver.retry(drawing)).state, 'saved')
    assert.deepEqual(xs(), [1, 2])
  }
})

test('a drawing removed for good is made anew where the phone holds all of it', async () => {
  const { server, time, draw, xs, api, states } = setup({ actions: [stroke(1)] })
  server.actions = []
  const append = api.append
  api.append = async (id, batch) => {
    if (batch.from_seq > 0) throw new Failure('missing')
    return append(id, batch)
  }
  draw(stroke(2))
  await time.pass(SAVE_AFTER)
  assert.deepEqual(xs(), [1, 2])
  assert.equal(states.at(-1), 'saved')
})

test('drafts of an app that was killed are saved at the next start', async () => {
  const { api, wx, journal, drawing, xs, time } = setup()
  for (let i = 0; i < 450; i += 1) {
    drawing.push(stroke(i))
    journal.append(drawing, [stroke(i)])
  }
  const saver = new Saver({ api, journal: new Journal({ wx }), timers: time })
  await saver.flushAll()
  assert.equal(xs().length, 450)
  assert.equal(new Journal({ wx }).drafts().length, 0)
})

test('a full storage does not keep strokes from the server', async () => {
  const { wx, time, drawing, saver, journal, xs } = setup()
  wx.before = () => { throw { errMsg: 'setStorageSync:fail exceed storage max size' } }
  drawing.push(stroke(1))
  assert.throws(() => journal.append(drawing, [stroke(1)]))
  saver.touch(drawing)
  await time.pass(SAVE_AFTER)
  assert.deepEqual(xs(), [1])
})

test('a rebase that a full storage does not take leaves no outdated copy behind', async () => {
  const { wx, time, server, journal, draw, xs, drawing, api } = setup({ actions: [stroke(1)] })
  server.actions.push(stroke(8))
  draw(stroke(2))
  const read = api.drawing
  api.drawing = async (...args) => {
    wx.before = () => { throw { errMsg: 'setStorageSync:fail exceed storage max size' } }
    return read(...args)
  }
  await time.pass(SAVE_AFTER)
  wx.before = null
  assert.deepEqual(xs(), [1, 8, 2])
  assert.equal(journal.load('a'), null)
  draw(stroke(3))
  assert.deepEqual(new Journal({ wx }).load('a').pending, drawing.pending)
})

test('listeners learn that another device made a pending undo meaningless', async () => {
  const { server, time, draw, saver } = setup()
  const heard = []
  saver.onRebase((id, undoDropped) => heard.push([id, undoDropped]))
  draw(stroke(1))
  await time.pass(SAVE_AFTER)
  server.actions.push(stroke(8))
  draw(stroke(2))
  await time.pass(SAVE_AFTER)
  server.actions.push(stroke(9))
  draw({ type: 'undo', at: 5 })
  await time.pass(SAVE_AFTER)
  assert.deepEqual(heard, [['a', false], ['a', true]])
})
