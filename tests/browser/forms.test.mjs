// The page, the pictures, the animation and the app show one picture of a share.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'
import { landing, until } from './sharing.mjs'

const { server, withPhone } = await launch()

const actions = [
  { type: 'background', color: '#fff8e7', at: 0 },
  { type: 'stroke', tool: 'pen', color: '#22211f', width: 120, at: 1, points: [400, 700, 0, 1200, 1300, 200] },
  { type: 'stroke', tool: 'ink', color: '#cc2222', width: 160, at: 400, points: [300, 2000, 0, 500, -900, 150, 700, 700, 150] },
  { type: 'stroke', tool: 'eraser', color: '#000000', width: 140, at: 900, points: [200, 1400, 0, 1600, 60, 200] },
]

/**
 * Runs in the page: the share of pixels, in per cent, in which other forms are far from the PNG.
 * @param {[string, string]} ask the address of the share and the background
 */
async function compare([url, background]) {
  const picture = async (address) => {
    const image = new Image()
    image.src = address
    await image.decode()
    return image
  }
  const { playback } = window.getCurrentPages().at(-1)
  const { canvas, live } = playback.painter
  const [width, height] = [360, 480]
  const pixels = (...layers) => {
    const context = new OffscreenCanvas(width, height).getContext('2d')
    context.fillStyle = background
    context.fillRect(0, 0, width, height)
    for (const layer of layers) context.drawImage(layer, 0, 0, width, height)
    return context.getImageData(0, 0, width, height).data
  }
  const png = pixels(await picture(`${url}.png?size=960`))
  const forms = { svg: [await picture(`${url}.svg?size=960`)], gif: [await picture(`${url}.gif?size=480`)], app: [canvas, live] }
  const far = (data) => {
    let count = 0
    for (let i = 0; i < data.length; i += 4) {
      if ([0, 1, 2].some((c) => Math.abs(data[i + c] - png[i + c]) > 96)) count += 1
    }
    return (100 * count) / (width * height)
  }
  const inked = png.some((value, i) => i % 4 < 3 && value < 100)
  return { inked, ...Object.fromEntries(Object.entries(forms).map(([name, layers]) => [name, far(pixels(...layers))])) }
}

test('the pictures, the animation and the app show one picture of a share', async () => {
  const api = await server.client('one-picture')
  await api('POST', '/drawings/a/actions', { from_seq: 0, actions, drawing: { title: '', width: 2048, height: 2731, mode: 'free' } })
  const { url, code } = await api('POST', '/drawings/a/share', {})
  await until(async () => (await fetch(`${url}.json`)).status === 200)
  await withPhone('one-picture-reader', async (phone) => {
    await phone.start(landing(code))
    await phone.text('一位画友').waitFor()
    await phone.see('#22211f', 500 / 2048, 808 / 2731)
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.playing)
    const far = await phone.page.evaluate(compare, [url, '#fff8e7'])
    assert.ok(far.inked)
    for (const form of ['svg', 'gif', 'app']) assert.ok(far[form] <= 0.5, JSON.stringify(far))
  })
})
