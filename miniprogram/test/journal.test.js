const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Drawing } = require('../lib/drawing')
const { Journal, StorageFull, COPIES } = require('../lib/journal')
const { fakeStorage, stroke } = require('./fakes')

const long = (x, numbers = 3_000) => stroke(x, { points: Array.from({ length: numbers }, (_, i) => (i % 3 === 2 ? 16 : (i % 7) - 3)) })

/** Draws one action as a page does. */
function draw(journal, drawing, action) {
  drawing.push(action)
  journal.append(drawing, [action])
}

test('what was appended is there after a restart', () => {
  const wx = fakeStorage()
  const journal = new Journal({ wx })
  const drawing = new Drawing({ id: 'a', title: '鱼', mode: 'free', began: 77 })
  for (let i = 0; i < 20; i += 1) draw(journal, drawing, long(i, 900))
  const again = new Journal({ wx }).load('a')
  assert.deepEqual(again.actions, drawing.actions)
  assert.deepEqual([again.title, again.began, again.acked, again.pendingCount], ['鱼', 77, 0, 20])
  assert.equal(new Journal({ wx }).load('other'), null)
})

test('a stroke costs the same to write in a long drawing as in a short one', () => {
  const wx = fakeStorage()
  const journal = new Journal({ wx })
  const drawing = new Drawing({ id: 'a' })
  let written = 0
  const set = wx.setStorageSync
  wx.setStorageSync = function count(key, value) { written += JSON.stringify(value).length; set.call(wx, key, value) }
  const costs = []
  for (let i = 0; i < 1_000; i += 1) {
    written = 0
    draw(journal, drawing, long(i, 300))
    costs.push(written)
  }
  const worst = (from, to) => Math.max(...costs.slice(from, to))
  assert.ok(worst(900, 1_000) < worst(0, 100) * 1.5, `${worst(0, 100)} then ${worst(900, 1_000)}`)
})

test('killed before any write of any step, nothing that was complete is lost', () => {
  for (let kill = 0; ; kill += 1) {
    const wx = fakeStorage()
    const journal = new Journal({ wx })
    const drawing = new Drawing({ id: 'a' })
    let complete = 0
    let writes = 0
    // A dead app writes nothing more.
    wx.before = () => {
      if (writes >= kill) throw new Error('killed')
      writes += 1
    }
    try {
      for (let i = 0; i < 6; i += 1) {
        draw(journal, drawing, long(i))
        complete += 1
        if (i === 2 || i === 4) {
          drawing.acked = i
          journal.acked(drawing)
        }
      }
      drawing.rebase(drawing.acked, [stroke(100)])
      journal.rewrite(drawing)
      complete = drawing.actions.length
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
    }
    const killed = writes >= kill
    wx.before = null
    const after = new Journal({ wx }).load('a')
    const held = after ? after.actions.filter(({ points }) => points[0] !== 100).length : 0
    assert.ok(held >= Math.min(complete, 6), `kill at write ${kill}: ${held} of ${complete}`)
    if (after) assert.ok(after.acked <= after.seq)
    if (!killed) break
  }
})

test('left-overs of a killed app are swept away', () => {
  const wx = fakeStorage()
  const journal = new Journal({ wx })
  const drawing = new Drawing({ id: 'a' })
  draw(journal, drawing, stroke(1))
  wx.setStorageSync('yibi.c.a.99', [stroke(5)])
  wx.setStorageSync('yibi.c.gone.0', [stroke(5)])
  wx.setStorageSync('other', 1)
  new Journal({ wx })
  assert.deepEqual([...wx.values.keys()].filter((key) => /99|gone|other/.test(key)), ['other'])
})

test('an entry that the index lost is found again', () => {
  const wx = fakeStorage()
  const journal = new Journal({ wx })
  draw(journal, new Drawing({ id: 'a' }), stroke(1))
  wx.removeStorageSync('yibi.journal')
  assert.equal(new Journal({ wx }).drafts().length, 1)
})

test('saved drawings are copies, unsaved ones drafts, the latest first', () => {
  let now = 1
  const wx = fakeStorage()
  const journal = new Journal({ wx, now: () => now })
  const drawings = ['a', 'b', 'c'].map((id) => new Drawing({ id }))
  for (const drawing of drawings) {
    now += 1
    draw(journal, drawing, stroke(1))
  }
  drawings[1].acked = 1
  journal.acked(drawings[1])
  assert.deepEqual(journal.drafts().map(({ id }) => id), ['c', 'a'])
  assert.deepEqual(journal.copies().map(({ id }) => id), ['b'])
  now += 1
  draw(journal, drawings[1], stroke(2))
  assert.deepEqual(journal.drafts().map(({ id }) => id), ['b', 'c', 'a'])
})

test('of a large drawing that the server has, only the own end is kept', () => {
  const wx = fakeStorage()
  const journal = new Journal({ wx })
  const actions = Array.from({ length: 120 }, (_, i) => long(i))
  const drawing = new Drawing({ id: 'a' }, { actions, acked: 120 })
  journal.copy(drawing)
  assert.equal(journal.load('a'), null)
  draw(journal, drawing, stroke(1))
  const end = new Journal({ wx }).load('a')
  assert.deepEqual([end.first, end.acked, end.seq], [120, 120, 121])
  drawing.acked = 121
  journal.acked(drawing)
  assert.equal(journal.load('a'), null)
  assert.deepEqual([...wx.values.keys()], ['yibi.journal'])
})

test('a full storage gives up copies, the oldest first, and never a draft', () => {
  let now = 1
  const wx = fakeStorage({ limit: 70_000 })
  const journal = new Journal({ wx, now: () => now })
  for (const id of ['old', 'new']) {
    now += 1
    journal.copy(new Drawing({ id }, { actions: [long(1, 9_000)], acked: 1 }))
  }
  const drawing = new Drawing({ id: 'a' })
  const draft = new Drawing({ id: 'b' })
  draw(journal, draft, long(0, 6_000))
  draw(journal, drawing, long(1, 9_000))
  assert.deepEqual([journal.load('old') === null, journal.load('new') === null], [true, false])
  assert.throws(() => { for (let i = 0; i < 20; i += 1) draw(journal, drawing, long(i, 6_000)) }, StorageFull)
  assert.equal(journal.load('new'), null)
  assert.equal(journal.load('b').pendingCount, 1)

  // What missed the journal is taken up when there is room again.
  journal.remove('b')
  drawing.acked = drawing.seq - 2
  journal.acked(drawing)
  const before = journal.load('a')
  assert.ok(before.seq < drawing.seq)
  draw(journal, drawing, stroke(3))
  assert.deepEqual(new Journal({ wx }).load('a').pending, drawing.pending)
})

test('copies are bounded in number', () => {
  const wx = fakeStorage()
  let now = 1
  const journal = new Journal({ wx, now: () => now })
  for (let i = 0; i < COPIES + 5; i += 1) {
    now += 1
    journal.copy(new Drawing({ id: `d${i}` }, { actions: [stroke(1)], acked: 1 }))
  }
  assert.equal(journal.copies().length, COPIES)
  assert.equal(journal.load('d0'), null)
  journal.clear()
  assert.deepEqual([...wx.values.keys()], ['yibi.journal'])
})
