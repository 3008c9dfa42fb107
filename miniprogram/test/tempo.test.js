const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Tempo, AUTO, clockWords, nextSpeed } = require('../lib/tempo')

test('a long replay takes 20 s and ends at the hand\'s own pace', () => {
  const tempo = new Tempo(341_000)
  assert.equal(Math.round(tempo.total), 20_000)
  assert.equal(Math.round(tempo.toTime(18_000)), 339_000)
  assert.equal(Math.round(tempo.toTime(19_000)), 340_000)
  assert.ok(tempo.toTime(1_000) > 18_000)
  for (const time of [0, 5_000, 200_000, 338_999, 340_500, 341_000]) assert.ok(Math.abs(tempo.toTime(tempo.toWatch(time)) - time) < 1e-6)
})

test('a short replay keeps the hand\'s own pace', () => {
  const tempo = new Tempo(7_000)
  assert.deepEqual([tempo.total, tempo.toTime(3_000), tempo.toWatch(3_000)], [7_000, 3_000, 3_000])
})

test('a chosen speed holds for all of it', () => {
  const tempo = new Tempo(341_000, 4)
  assert.deepEqual([tempo.total, tempo.toTime(1_000), tempo.toWatch(341_000)], [85_250, 4_000, 85_250])
  assert.deepEqual([1, 2, 4, AUTO].map(nextSpeed), [2, 4, AUTO, 1])
})

test('times are minutes and seconds', () => {
  assert.deepEqual([0, 499, 5_500, 61_000, 341_000].map(clockWords), ['0:00', '0:00', '0:06', '1:01', '5:41'])
})
