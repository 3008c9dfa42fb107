const assert = require('node:assert/strict')
const { test } = require('node:test')

const { layOut, sealText, sealWanted, wantSeal } = require('../lib/seal')
const { fakeStorage } = require('./fakes')

test('pictures get a seal only when the user chose so', () => {
  const wx = fakeStorage()
  assert.equal(sealWanted(wx), false)
  wantSeal(wx, true)
  assert.equal(sealWanted(wx), true)
})

test('the seal holds the nickname, and on a one-stroke drawing at least that it is one', () => {
  const free = { mode: 'free' }
  const one = { mode: 'one_stroke' }
  assert.equal(sealText({ nickname: '小艾' }, one), '小艾')
  assert.equal(sealText({ nickname: '' }, one), '一笔画成')
  assert.equal(sealText(null, free), '')
  assert.equal(sealText({ nickname: '👩‍👧'.repeat(9) }, free).length <= 24, true)
})

test('Chinese is carved from the right and from above, other names stand in a line', () => {
  const carved = (text) => layOut(text).cells.map(({ character, column, row }) => `${character}${column}${row}`).join(' ')
  assert.equal(carved('艾'), '艾00')
  assert.equal(carved('小艾'), '小00 艾01')
  assert.equal(carved('一笔画成'), '一10 笔11 画00 成01')
  assert.equal(carved('画画的小艾'), '画10 画11 的12 小00 艾01')
  assert.deepEqual(layOut('Ann').cells, [{ character: 'Ann', column: 0, row: 0 }])
})
