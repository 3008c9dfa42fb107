const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const { fold } = require('../lib/drawing')

const { cases } = JSON.parse(readFileSync(join(__dirname, '../../common/tests/vectors/fold.json'), 'utf8'))

for (const { name, first, actions, strokes, background } of cases) {
  test(`the fold agrees with the server's: ${name}`, () => {
    const picture = fold(actions, first)
    assert.deepEqual(picture.strokes.map((stroke) => actions.indexOf(stroke)), strokes)
    assert.equal(picture.background, background)
  })
}
