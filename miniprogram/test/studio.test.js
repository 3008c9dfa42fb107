const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Drawing } = require('../lib/drawing')
const { Failure } = require('../lib/http')
const { Journal } = require('../lib/journal')
const { Saver } = require('../lib/saver')
const { Studio } = require('../lib/studio')
const { fakeStorage, fakeTime, stroke } = require('./fakes')

function setup({ whole = null } = {}) {
  const wx = fakeStorage()
  const time = fakeTime()
  const calls = []
  const api = {
    async drawing(id, since) {
      calls.push(['drawing', id, since])
      if (!whole) throw new Failure('missing')
      return JSON.parse(JSON.stringify(whole))
    },
    async append(id, { from_seq: from, actions }) {
      calls.push(['append', id, from, actions.length])
      return { seq: from + actions.length }
    },
    remove: async (id) => { calls.push(['remove', id]) },
    restore: async (id) => { calls.push(['restore', id]) },
  }
  const journal = new Journal({ wx, now: time.now })
  const saver = new Saver({ api, journal, timers: time, now: time.now })
  const studio = new Studio({ wx, api, journal, saver, now: time.now, timers: time })
  return { wx, time, api, journal, saver, studio, calls }
}
const onServer = { id: 'a', title: '鱼', width: 2048, height: 2731, mode: 'free', base: 0, seq: 2, created_at: '2026-01-01T00:00:00Z', actions: [stroke(1), stroke(2)] }

test('an app that was closed comes back to its drawing for half an hour, and to the copy that is being saved', async () => {
  const { studio, time, saver } = setup()
  assert.equal(studio.last(), null)
  const drawing = studio.blank('free')
  studio.add(drawing, stroke(1))
  assert.equal(studio.last(), saver.held(drawing.id))
  await time.pass(31 * 60_000)
  assert.equal(studio.last(), null)
})

test('what is pending at a restart is in one copy, on the screen and on its way', async () => {
  const first = setup()
  const drawing = first.studio.blank('free')
  first.studio.add(drawing, stroke(1))
  const { wx, time, api } = first
  const journal = new Journal({ wx, now: time.now })
  const saver = new Saver({ api, journal, timers: time, now: time.now })
  const studio = new Studio({ wx, api, journal, saver, now: time.now, timers: time })
  const back = studio.last()
  await saver.flushAll()
  assert.equal(back.pendingCount, 0)
  assert.equal(await studio.open(drawing.id), back)
})

test('a drawing from the server is copied to the phone when nobody waits any more', async () => {
  const { studio, journal, time, calls } = setup({ whole: onServer })
  const drawing = await studio.open('a')
  assert.deepEqual([drawing.seq, drawing.pendingCount, drawing.title], [2, 0, '鱼'])
  assert.equal(journal.entry('a'), null)
  await time.pass(2_000)
  assert.ok(journal.entry('a').whole)
  await studio.open('a')
  assert.equal(calls.length, 1)
})

test('the end of a large drawing that only the phone has goes behind the server\'s list', async () => {
  const { studio, journal, saver, time } = setup({ whole: onServer })
  const drawing = await studio.open('a')
  studio.add(drawing, stroke(3))
  studio.add(drawing, { type: 'undo', at: 9 })
  assert.ok(!journal.entry('a').whole)
  saver.drop('a')
  const again = await studio.open('a')
  assert.deepEqual(again.actions.map(({ type, points }) => (points ? points[0] : type)), [1, 2, 3, 'undo'])
  await time.pass(5_000)
  assert.equal(again.pendingCount, 0)
})

test('one draws at once on what the list told of, and the beginning comes below it', async () => {
  const { studio, journal, time, calls } = setup({ whole: onServer })
  assert.equal(studio.ahead('a'), null)
  studio.summaries.set('a', onServer)
  const drawing = studio.ahead('a')
  assert.deepEqual([drawing.seq, drawing.pendingCount, drawing.whole, drawing.title], [2, 0, false, '鱼'])
  studio.add(drawing, stroke(3))
  // Another page asks for it meanwhile: there is one copy.
  const [other] = await Promise.all([studio.open('a'), studio.fill(drawing)])
  assert.equal(other, drawing)
  assert.deepEqual(drawing.picture.strokes.map(({ points }) => points[0]), [1, 2, 3])
  assert.deepEqual([drawing.first, drawing.seq, drawing.whole], [0, 3, true])
  await time.pass(5_000)
  assert.deepEqual(calls.filter(([name]) => name === 'append'), [['append', 'a', 2, 1]])
  assert.deepEqual([drawing.pendingCount, journal.drafts().length], [0, 0])
})

test('what is here already is not brought a second time, though the server had it before the answer came', () => {
  const drawing = new Drawing({ id: 'a' }, { first: 2, acked: 2, whole: false })
  drawing.push(stroke(3))
  drawing.push(stroke(4))
  drawing.acked = 3
  drawing.fill(0, [stroke(1), stroke(2), stroke(3), stroke(4), stroke(9)])
  assert.deepEqual(drawing.actions.map(({ points }) => points[0]), [1, 2, 3, 4])
  assert.deepEqual([drawing.acked, drawing.pendingCount], [3, 1])
})

test('a list that begins anew leaves what is not saved on top of it', () => {
  const drawing = new Drawing({ id: 'a' }, { first: 2, acked: 2, whole: false })
  drawing.push(stroke(7))
  drawing.fill(5, [stroke(6)])
  assert.deepEqual(drawing.actions.map(({ points }) => points[0]), [6, 7])
  assert.deepEqual([drawing.first, drawing.acked, drawing.pendingCount, drawing.whole], [5, 6, 1, true])
  // Saved between the two: the server's beginning lies among what is here.
  const late = new Drawing({ id: 'b' }, { first: 2, acked: 2, whole: false })
  for (const x of [1, 2, 3]) late.push(stroke(x))
  late.acked = 4
  late.fill(3, [stroke(2), stroke(8)])
  assert.deepEqual([late.first, late.seq, late.acked, late.whole], [3, 5, 4, true])
})

test('deleting saves what is pending first, so that the restored drawing is whole', async () => {
  const { studio, calls, journal } = setup()
  const drawing = studio.blank('free')
  studio.add(drawing, stroke(1))
  const restore = await studio.remove(drawing.id)
  assert.deepEqual(calls.map(([name]) => name), ['append', 'remove'])
  assert.equal(journal.entry(drawing.id), null)
  await restore()
  assert.equal(calls.at(-1)[0], 'restore')
})

test('a drawing that never reached the server is deleted here, and comes back here', async () => {
  const { studio, api, journal, calls } = setup()
  api.append = async () => { throw new Failure('offline') }
  const drawing = studio.blank('free')
  studio.add(drawing, stroke(1))
  const restore = await studio.remove(drawing.id)
  assert.deepEqual([journal.drafts().length, calls.length], [0, 0])
  await restore()
  assert.deepEqual(journal.load(drawing.id).actions, drawing.actions)
})

test('a deletion that fails leaves the drawing', async () => {
  const { studio, api, journal, time } = setup()
  const drawing = studio.blank('free')
  studio.add(drawing, stroke(1))
  await time.pass(2_000)
  api.remove = async () => { throw new Failure('offline') }
  await assert.rejects(studio.remove(drawing.id), { kind: 'offline' })
  assert.ok(journal.entry(drawing.id))
})

test('saved as new, all of it is under another id', async () => {
  const { studio, calls, time, journal } = setup({ whole: onServer })
  const drawing = await studio.open('a')
  const copy = studio.copy(drawing)
  await time.pass(5_000)
  assert.notEqual(copy.id, 'a')
  assert.deepEqual(calls.at(-1), ['append', copy.id, 0, 2])
  assert.equal(journal.entry('a'), null)
})

test('a copy is a second drawing, and the first stays', async () => {
  const { studio, calls, time } = setup({ whole: onServer })
  const drawing = await studio.open('a')
  const copy = studio.duplicate(drawing)
  await time.pass(5_000)
  assert.notEqual(copy.id, 'a')
  assert.deepEqual(calls.at(-1), ['append', copy.id, 0, 2])
  copy.push(stroke(3))
  assert.deepEqual([drawing.seq, copy.seq, copy.title], [2, 3, '鱼'])
})

test('a drawing whose strokes were all undone goes to the bin when its page is left, any other stays', async () => {
  const { studio, calls } = setup()
  const undone = studio.blank('free')
  studio.add(undone, stroke(1))
  studio.add(undone, { type: 'undo', at: 2 })
  await studio.close(undone)
  assert.deepEqual(calls.map(([name]) => name), ['append', 'remove'])
  assert.ok(studio.removed.has(undone.id))
  const cleared = studio.blank('free')
  studio.add(cleared, stroke(1))
  studio.add(cleared, { type: 'clear', at: 2 })
  await studio.close(cleared)
  const empty = studio.blank('free')
  await studio.close(empty)
  assert.deepEqual(calls.map(([name]) => name), ['append', 'remove', 'append'])
})

test('a drawing in which others draw stays when a page leaves its old blank copy', async () => {
  const { studio, saver, calls, journal } = setup()
  const drawing = studio.blank('free')
  studio.add(drawing, { type: 'background', color: '#fbf3e2', at: 0 })
  await saver.flush(drawing)
  studio.handOver(drawing.id)
  await studio.close(drawing)
  assert.deepEqual(calls.map(([name]) => name), ['append'])
  assert.equal(journal.entry(drawing.id), null)
  studio.add(drawing, { type: 'background', color: '#ffffff', at: 1 })
  await studio.close(drawing)
  assert.deepEqual(calls.map(([name]) => name), ['append', 'append'], 'what was added is saved')
})

test('strokes that the storage did not take are known as such until the server has them', async () => {
  const { studio, wx, api, time, journal } = setup()
  const append = api.append
  api.append = async () => { throw new Failure('offline') }
  const drawing = studio.blank('free')
  wx.before = () => { throw { errMsg: 'setStorageSync:fail exceed storage max size' } }
  studio.add(drawing, stroke(1))
  assert.ok(studio.isUnwritten(drawing.id))
  assert.equal(journal.entry(drawing.id), null)
  assert.deepEqual(studio.drafts(), [drawing])
  wx.before = null
  api.append = append
  await time.pass(60_000)
  assert.ok(!studio.isUnwritten(drawing.id))
  assert.deepEqual(studio.drafts(), [])
})

test('a title that the server refuses is told as a matter of its text, and the old one stays', async () => {
  const { studio, api } = setup({ whole: onServer })
  const drawing = await studio.open('a')
  api.rename = async () => { throw new Failure('refused', { code: 'invalid_value', requestId: 'abc' }) }
  await assert.rejects(studio.rename(drawing, '\u202e'), { code: 'text_refused', requestId: 'abc' })
  assert.equal(drawing.title, '鱼')
  api.rename = async () => {}
  await studio.rename(drawing, '金鱼')
  assert.equal(drawing.title, '金鱼')
})

test('a restored drawing is not hidden any more', async () => {
  const { studio } = setup()
  const restore = await studio.remove('a')
  assert.ok(studio.removed.has('a'))
  await restore()
  assert.ok(!studio.removed.has('a'))
})
