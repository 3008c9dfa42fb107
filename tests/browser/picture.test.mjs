// The phone's canvas, the server's picture and the model agree.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { drawings } = JSON.parse(readFileSync(new URL('../fixtures/drawings.json', import.meta.url), 'utf8'))
/** Width of the pictures in pixels. */
const WIDTH = 720

const { server, withPhone } = await launch()

/** Runs in the page: compares the phone's picture of a drawing with the server's. @returns {Promise<{ over16: number, over64: number }>} per cent of all pixels */
async function compare([id, width]) {
  const { api, studio } = window.getApp()
  const drawing = await studio.open(id)
  const path = await window.getCurrentPages()[0].selectComponent('#picture').paint(drawing, { width })
  const size = Math.round((width * Math.max(drawing.width, drawing.height)) / drawing.width)
  const { url, header } = await api.download(`/drawings/${id}/image.png?size=${size}`)
  const pixels = async (reply) => {
    const bitmap = await createImageBitmap(await (await reply).blob())
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    const context = canvas.getContext('2d')
    context.drawImage(bitmap, 0, 0)
    return context.getImageData(0, 0, bitmap.width, bitmap.height)
  }
  const [ours, theirs] = await Promise.all([pixels(fetch(path)), pixels(fetch(url, { headers: header }))])
  if (ours.width !== theirs.width || ours.height !== theirs.height) throw new Error(`${ours.width} x ${ours.height}, ${theirs.width} x ${theirs.height}`)
  let over16 = 0
  let over64 = 0
  for (let i = 0; i < ours.data.length; i += 4) {
    let most = 0
    for (let c = 0; c < 3; c += 1) most = Math.max(most, Math.abs(ours.data[i + c] - theirs.data[i + c]))
    if (most > 16) over16 += 1
    if (most > 64) over64 += 1
  }
  const share = 100 / (ours.width * ours.height)
  return { over16: over16 * share, over64: over64 * share }
}

test('the phone\'s pictures are the server\'s', async () => {
  const api = await server.client('pictures')
  await withPhone('pictures', async (phone) => {
    const results = []
    for (const [index, { name, actions, width, height }] of drawings.entries()) {
      const id = `p${index}`
      await api('POST', `/drawings/${id}/actions`, { from_seq: 0, actions, drawing: { title: '', width, height, mode: 'free' } })
      results.push({ name, ...(await phone.page.evaluate(compare, [id, WIDTH])) })
    }
    const sorted = results.map(({ over16 }) => over16).sort((a, b) => a - b)
    assert.ok(results.length >= 10)
    assert.ok(sorted[Math.floor(sorted.length / 2)] <= 0.4, JSON.stringify(results))
    assert.ok(sorted.at(-1) <= 1, JSON.stringify(results))
    assert.ok(Math.max(...results.map(({ over64 }) => over64)) <= 0.01, JSON.stringify(results))
  })
})

/** Runs in the page: whether the settled canvas equals a full repaint. */
async function asFromTheModel() {
  const { painter } = window.getCurrentPages()[0]
  await painter.settled()
  const read = () => painter.context.getImageData(0, 0, painter.canvas.width, painter.canvas.height).data
  const before = read()
  painter.rebuild(false)
  await painter.settled()
  const after = read()
  const live = painter.liveContext.getImageData(0, 0, painter.live.width, painter.live.height).data
  return { same: before.every((value, i) => Math.abs(value - after[i]) <= 2), inked: after.some((value) => value > 0), liveIsEmpty: live.every((value) => value === 0) }
}

test('whatever was done, the screen is what the model says', async () => {
  await withPhone('model', async (phone) => {
    const check = async (what) => {
      const { same, inked, liveIsEmpty } = await phone.page.evaluate(asFromTheModel)
      assert.ok(same && inked && liveIsEmpty, `${what}: same ${same}, inked ${inked}, live empty ${liveIsEmpty}`)
    }
    const wave = (y) => Array.from({ length: 20 }, (_, i) => [0.1 + i * 0.04, y + Math.sin(i) * 0.03])
    await phone.draw(...wave(0.2))
    await check('pen')
    await phone.tap('毛笔')
    await phone.draw(...wave(0.3))
    await check('ink')
    await phone.tap('橡皮')
    await phone.draw([0.3, 0.1], [0.35, 0.3], [0.4, 0.5])
    await check('eraser')
    await phone.tap('撤销')
    await check('undo')
    await phone.tap('重做')
    await check('redo')
    await phone.tap('画笔')
    // More strokes than the canvas keeps unmerged above the base.
    for (let i = 0; i < 90; i += 1) await phone.draw([0.1 + (i % 30) * 0.025, 0.6 + Math.floor(i / 30) * 0.1], [0.12 + (i % 30) * 0.025, 0.65 + Math.floor(i / 30) * 0.1])
    await check('many strokes')
    for (let i = 0; i < 70; i += 1) await phone.tap('撤销')
    await check('undo below the base')
    const paper = await phone.paper()
    await phone.send('touchStart', [[...paper.at(0.4, 0.3), 0], [...paper.at(0.6, 0.3), 1]])
    await phone.send('touchMove', [[...paper.at(0.2, 0.3), 0], [...paper.at(0.8, 0.3), 1]])
    await phone.send('touchEnd', [])
    await check('zoomed')
    await phone.draw(...wave(0.5))
    await check('drawn while zoomed')
  })
})
