const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Failure } = require('../lib/http')
const { Deletions } = require('../pages/gallery/deletions')
const { columnCount, flow, merge } = require('../pages/gallery/items')
const { bannerOf, footOf } = require('../pages/gallery/trouble')

const day = (id, number) => ({ id, updated_at: new Date(2026, 0, number).toISOString() })
const ids = ({ drawings }) => drawings.map(({ id }) => id).join('')

test('a first page that comes anew keeps the pages behind it', () => {
  const known = [day('c', 9), day('b', 8), day('a', 7), day('z', 6)]
  // "n" is new, "b" was changed, and the page ends with "c", which the list has.
  const merged = merge([day('n', 11), day('b', 10), day('c', 9)], 'c-cursor', known, 'z-cursor')
  assert.deepEqual([ids(merged), merged.next], ['nbcaz', 'z-cursor'])
})

test('a drawing that was deleted elsewhere leaves the first page', () => {
  const merged = merge([day('c', 9), day('a', 7)], 'a-cursor', [day('c', 9), day('b', 8), day('a', 7), day('z', 6)], 'z-cursor')
  assert.deepEqual([ids(merged), merged.next], ['caz', 'z-cursor'])
})

test('where a gap may lie between the page and the list, or nothing follows, the page is all there is', () => {
  const known = [day('c', 3), day('b', 2)]
  assert.deepEqual(merge([day('y', 9), day('x', 8)], 'x-cursor', known, 'b-cursor').next, 'x-cursor')
  assert.equal(ids(merge([day('y', 9), day('x', 8)], 'x-cursor', known, 'b-cursor')), 'yx')
  assert.deepEqual(merge([day('c', 3)], null, known, 'b-cursor'), { drawings: [day('c', 3)], next: null })
  assert.deepEqual(merge([], null, known, null), { drawings: [], next: null })
})

test('columns follow the width, and each card goes to the shortest', () => {
  assert.deepEqual([320, 375, 430, 667, 768, 1024, 1400].map(columnCount), [2, 2, 2, 4, 4, 6, 6])
  const card = (id, ratio) => ({ id, ratio, title: '', date: '', label: '', image: '', oneStroke: false, state: '' })
  const columns = flow([card('a', 300), card('b', 100), card('c', 100), card('d', 100)], 2)
  assert.deepEqual(columns.map(({ side, cards }) => [side, cards.map(({ id }) => id).join('')]), [[0, 'a'], [1, 'bcd']])
})

test('one tap restores all deletions that followed each other, and a failed one is not counted', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const restored = []
  const counts = []
  const studio = {
    async remove(id) {
      if (id === 'bad') throw new Failure('offline')
      return async () => { restored.push(id) }
    },
  }
  const deletions = new Deletions(studio, (count) => counts.push(count))
  await deletions.add('a')
  t.mock.timers.tick(5_000)
  await deletions.add('b')
  await assert.rejects(deletions.add('bad'), { kind: 'offline' })
  t.mock.timers.tick(5_000)
  await deletions.undo()
  assert.deepEqual([restored, counts.at(-1)], [['a', 'b'], 0])
  await deletions.add('c')
  t.mock.timers.tick(6_000)
  assert.equal(counts.at(-1), 0)
  await deletions.undo()
  assert.deepEqual(restored, ['a', 'b'])
})

test('the banner says why the list is not complete and offers what helps', () => {
  assert.deepEqual(bannerOf(null), { text: '', action: '' })
  const of = (kind, code = '') => bannerOf(new Failure(kind, { code }))
  assert.deepEqual(of('offline'), { text: '没有网络，先看本机上的画', action: '重试' })
  assert.equal(of('offline', 'unreachable').text, '暂时连不上服务器，先看本机上的画')
  assert.equal(of('signed_out', 'account_closing').action, '取消注销')
  assert.equal(of('signed_out', 'session_ended').action, '登录')
  assert.equal(of('fault').text, '')
  assert.equal(footOf(new Failure('offline')).text, '没有网络，点这里再试')
  assert.equal(footOf(null).retry, false)
})
