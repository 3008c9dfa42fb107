const assert = require('node:assert/strict')
const { test } = require('node:test')

const { PAPER } = require('../lib/drawing')
const { ERASER_FACTOR, SIZES, WIDTHS } = require('../lib/theme')
const { penOn } = require('../lib/pen')
const { fakeWx } = require('./fakes')

test('papers are as fine as the server takes them, and every pen fits', () => {
  assert.deepEqual({ width: SIZES[0].width, height: SIZES[0].height }, PAPER)
  assert.equal(new Set(SIZES.map(({ height }) => height)).size, SIZES.length)
  for (const paper of SIZES) {
    assert.ok(Math.max(paper.width, paper.height) <= 8_192 && Math.max(paper.width, paper.height) > 8_000, paper.name)
    for (const { width } of WIDTHS) {
      const eraser = penOn(fakeWx(), { tool: 'eraser', color: '#22211f', width, mode: 'free' }, paper, { one_stroke_length: 8_192 })
      assert.ok(eraser.width <= paper.width / 4, `${paper.name}: ${eraser.width}`)
      assert.ok(Math.abs(eraser.width / paper.width - (width * ERASER_FACTOR) / 2_048) < 1e-4)
    }
  }
})
