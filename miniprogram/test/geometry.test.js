'use strict'

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const geometry = require('../lib/geometry.js')

const file = join(__dirname, '../../common/tests/vectors/geometry.json')
/** @type {{ cases: { name: string, paper_width?: number, stroke: import('../lib/geometry').Stroke, length: number, shape: object }[] }} */
const vectors = JSON.parse(readFileSync(file, 'utf8'))

for (const { name, paper_width: width = 2048, stroke, length, shape } of vectors.cases) {
  test(`the shape of ${name} is the server's to the last bit`, () => {
    assert.deepStrictEqual(geometry.shape(stroke, geometry.unitOf({ width })), shape)
    assert.strictEqual(geometry.pathLength(stroke.points), length)
  })
}

test('paint draws the line between the eraser and the colour', () => {
  /** @type {string[]} */
  const calls = []
  const context = new Proxy(
    {},
    {
      get: (_, name) => () => calls.push(String(name)),
      set: (_, name, value) => {
        calls.push(`${String(name)}=${value}`)
        return true
      },
    }
  )
  const stroke = { tool: 'eraser', color: '#ff0000', width: 10, points: [0, 0, 0, 10, 0, 16] }
  geometry.paint(/** @type {any} */ (context), /** @type {any} */ (stroke))
  assert.equal(calls[0], 'globalCompositeOperation=destination-out')
  assert.ok(calls.includes('strokeStyle=#000000'), 'an eraser takes away fully, whatever its colour')
  assert.equal(calls[calls.length - 1], 'globalCompositeOperation=source-over')
})

test('paint keeps the opacity of a stroke of 2016 and leaves none behind', () => {
  for (const [alpha, expected] of [[51, 0.2], [undefined, 1]]) {
    /** @type {number[]} */
    const alphas = []
    const context = { globalAlpha: 1, beginPath() {}, arc() {}, fill: () => alphas.push(context.globalAlpha) }
    const stroke = { tool: 'pen', color: '#ffff00', alpha, width: 10, points: [5, 5, 0] }
    geometry.paint(/** @type {any} */ (context), /** @type {any} */ (stroke))
    assert.deepEqual(alphas, [expected])
    assert.equal(context.globalAlpha, 1)
  }
})
