const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Drawing, fold, newId } = require('../lib/drawing')
const { Player, LONGEST_REST } = require('../lib/player')
const { stroke } = require('./fakes')

const undo = { type: 'undo' }
const redo = { type: 'redo' }
const clear = { type: 'clear' }
const paper = (color) => ({ type: 'background', color })
const xs = (actions) => fold(actions).strokes.map(({ points }) => points[0])

test('undo and redo walk the entries in effect', () => {
  assert.deepEqual(xs([stroke(1), stroke(2), undo]), [1])
  assert.deepEqual(xs([stroke(1), stroke(2), undo, undo, undo, redo]), [1])
  assert.deepEqual(xs([stroke(1), stroke(2), undo, stroke(3), redo]), [1, 3])
  assert.deepEqual(xs([stroke(1), clear, undo]), [1])
  assert.deepEqual(xs([undo, redo]), [])
})

test('clear keeps the background, a 2016 picture replaces both', () => {
  assert.equal(fold([paper('#010203'), clear]).background, '#010203')
  const weapp = { type: 'weapp', strokes: [stroke(7)] }
  assert.deepEqual(fold([stroke(1), paper('#010203'), weapp]), { background: '#ffffff', strokes: weapp.strokes })
  assert.deepEqual(xs([stroke(1), weapp, undo]), [1])
})

test('an action that is not understood is not passed over', () => {
  assert.throws(() => fold([{ type: 'sparkle' }]), /sparkle/)
})

test('the picture is the same object until something changes', () => {
  const drawing = new Drawing({ id: 'a' })
  drawing.push(stroke(1))
  assert.equal(drawing.picture, drawing.picture)
  assert.ok(drawing.canUndo && !drawing.canRedo && !drawing.isEmpty)
  drawing.push(undo)
  assert.ok(!drawing.canUndo && drawing.canRedo && drawing.isEmpty)
})

test('one stroke mode has nothing to undo', () => {
  const drawing = new Drawing({ id: 'a', mode: 'one_stroke' })
  drawing.push(stroke(1))
  assert.ok(!drawing.canUndo && !drawing.canRedo)
})

test('moments never go back, whatever the clock does', () => {
  const drawing = new Drawing({ id: 'a', began: 10_000 })
  assert.equal(drawing.at(10_500), 500)
  drawing.push(stroke(1, { at: 500 }))
  assert.equal(drawing.at(9_000), 500)
  drawing.push(undo)
  assert.equal(drawing.at(12_000), 2_000)
})

test('another device goes first: own strokes behind its actions, own undo, redo and clear dropped', () => {
  const drawing = new Drawing({ id: 'a' }, { actions: [stroke(1), stroke(2)], acked: 1 })
  drawing.push(undo)
  drawing.push(paper('#010203'))
  drawing.push(clear)
  drawing.rebase(1, [stroke(8), stroke(9)])
  assert.deepEqual(drawing.actions.map(({ type, points }) => (points ? points[0] : type)), [1, 8, 9, 2, 'background'])
  assert.deepEqual([drawing.first, drawing.acked, drawing.seq], [0, 3, 5])
  assert.deepEqual(drawing.pending.map(({ type }) => type), ['stroke', 'background'])
})

test('a list whose beginning the server dropped replaces the own one', () => {
  const drawing = new Drawing({ id: 'a' }, { actions: [stroke(1), stroke(2)], acked: 1 })
  drawing.rebase(5, [stroke(8)])
  assert.deepEqual(drawing.actions.map(({ points }) => points[0]), [8, 2])
  assert.deepEqual([drawing.first, drawing.acked, drawing.seq], [5, 6, 7])
})

test('ids fit the server and differ', () => {
  const ids = new Set(Array.from({ length: 1000 }, newId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/)
})

test('a replay keeps the rhythm and shortens the rests', () => {
  const first = stroke(0, { at: 0, points: [0, 0, 0, 1, 0, 100, 1, 0, 5_000] })
  const second = stroke(1, { at: 60_000, points: [9, 9, 0, 1, 0, 40] })
  const player = new Player([first, second, undo])
  assert.equal(player.moments[0].to, 100 + LONGEST_REST)
  assert.equal(player.moments[1].from, player.moments[0].to + LONGEST_REST)
  assert.equal(player.duration, player.moments[2].to)

  assert.deepEqual(player.seek(0).numbers, 3)
  assert.deepEqual(player.seek(99).numbers, 3)
  assert.deepEqual(player.seek(100).numbers, 6)
  assert.equal(player.seek(player.moments[1].from + 20).stroke, second)
  assert.equal(player.seek(player.duration - 1).picture.strokes.length, 2)
  assert.equal(player.seek(player.duration).picture.strokes.length, 1)
  // And back again.
  assert.equal(player.seek(50).stroke, first)
  assert.deepEqual(player.seek(player.duration).picture.strokes, [first])
})

test('a replay of nothing and of dots', () => {
  assert.deepEqual(new Player([]).seek(0), { picture: { background: '#ffffff', strokes: [] }, stroke: null, numbers: 0 })
  const dot = stroke(3, { points: [3, 3, 0] })
  const player = new Player([dot])
  assert.ok(player.duration > 0)
  assert.deepEqual([player.seek(0).stroke, player.seek(0).numbers], [dot, 3])
  assert.equal(player.seek(player.duration).picture.strokes.length, 1)
})
