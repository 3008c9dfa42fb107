// Speed of the app: the first screen, and opening and drawing on a long drawing. Measurements without assertions.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from '../harness.mjs'

/** Slightly below the limit of a drawing, which leaves room for the test's own strokes. */
const STROKES = 4_900
const BATCH = 100
const POINTS = 40
const THROTTLE = 4
/** Limit of a frame's work in ms at the 95th percentile. */
const FRAME = 16
/** Limit in ms from the tap in the gallery until the drawing is visible and accepts strokes. */
const OPEN = 500

const { server, browser, withPhone } = await launch()

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]

/** A stroke on the paper, the same for the same number. */
function scribble(number) {
  let seed = number * 2654435761 % 4294967296
  const random = (most) => {
    seed = (seed * 1664525 + 1013904223) % 4294967296
    return Math.floor((seed / 4294967296) * most)
  }
  const points = [200 + random(1600), 200 + random(2300), 0]
  for (let i = 1; i < POINTS; i += 1) points.push(random(30) - 15, random(30) - 15, 16)
  const tool = ['pen', 'pen', 'ink', 'eraser'][number % 4]
  return { type: 'stroke', tool, color: ['#22211f', '#c8412f', '#2f4b7c'][number % 3], width: 10 + random(30), at: number * 700, points }
}

/**
 * Draws strokes and measures the frames.
 * @param {import('../harness.mjs').Phone} phone
 * @returns {Promise<number[]>} the work of each frame with a touch: milliseconds of processor time in which the
 *   page's main thread handled its touches and painted it, without other load of the machine
 */
async function framesOfDrawing(phone) {
  const paper = await phone.paper()
  await browser.startTracing(phone.page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] })
  for (let stroke = 0; stroke < 5; stroke += 1) {
    await phone.send('touchStart', [paper.at(0.1, 0.1 + stroke * 0.1)])
    for (let i = 0; i < 40; i += 1) await phone.send('touchMove', [paper.at(0.1 + i * 0.02, 0.1 + stroke * 0.1 + Math.sin(i / 3) * 0.03)])
    await phone.send('touchEnd', [])
  }
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()))
  const main = traceEvents.find(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const events = traceEvents.filter(({ pid, tid }) => pid === main.pid && tid === main.tid).sort((x, y) => x.ts - y.ts)
  /** Removes the moments up to `upTo` from a list; returns whether there were any. */
  const take = (moments, upTo) => {
    const count = moments.findIndex((ts) => ts > upTo)
    return moments.splice(0, count < 0 ? moments.length : count).length > 0
  }
  const moments = (wanted) => events.filter(wanted).map(({ ts }) => ts)
  const commits = moments(({ name }) => name === 'Commit')
  const touches = moments(({ name, args }) => name === 'EventDispatch' && args.data.type.startsWith('touch'))
  const frames = []
  let work = 0
  let touched = false
  for (const { ts, dur, tdur } of events.filter(({ name, tdur: timed }) => name === 'RunTask' && timed !== undefined)) {
    const handles = take(touches, ts + dur)
    const shows = take(commits, ts + dur)
    // Excludes the work of DevTools and of the tracing.
    if (handles || shows) work += tdur / 1000
    touched ||= handles
    if (!shows) continue
    if (touched) frames.push(work)
    work = 0
    touched = false
  }
  return frames
}

/**
 * Opens a drawing from the gallery with a throttled processor.
 * @param {import('../harness.mjs').Phone} phone @param {string} id
 * @returns {Promise<{ shown: number, drawable: number, here: number, complete: number }>} ms from the tap until
 *   the drawing is visible, accepts strokes, has all of its actions, and is painted from them
 */
async function open(phone, id) {
  await phone.touch.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await phone.start('pages/gallery/gallery')
  // The tap needs a visible picture.
  await phone.page.waitForFunction(() => document.querySelector('.card image img')?.naturalWidth > 0)
  await phone.touch.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE })
  const times = await phone.page.evaluate(async (drawing) => {
    const start = performance.now()
    window.wx.navigateTo({ url: `/pages/draw/draw?id=${drawing}` })
    const page = window.getCurrentPages().at(-1)
    const since = {}
    const first = (name, is) => { if (!since[name] && is) since[name] = performance.now() - start }
    for (;;) {
      await new Promise((done) => { requestAnimationFrame(done) })
      const glimpse = document.querySelector('.mp-page:not([hidden]) .paper img')
      first('shown', glimpse?.complete && glimpse.naturalWidth > 0 && glimpse.clientWidth > 300)
      first('drawable', page.painter && !page.opening && page.drawing.id === drawing)
      first('here', page.drawing.id === drawing && page.drawing.whole)
      if (page.painter?.wanted.length > 0) {
        await page.painter.settled()
        first('complete', true)
        return since
      }
    }
  }, id)
  const said = Object.entries(times).map(([name, ms]) => `${name} ${Math.round(ms)} ms`)
  console.log(`opening: ${said.join(', ')}`)
  return times
}

test('the first screen', async () => {
  await withPhone('quick', async (phone) => {
    await phone.page.goto('about:blank')
    await phone.page.goto(`${server.url}/?user=quick`, { waitUntil: 'commit' })
    await phone.page.waitForFunction(() => window.getCurrentPages?.()[0]?.painter?.ratio)
    const ms = await phone.page.evaluate(() => performance.now())
    console.log(`first paper to draw on: ${Math.round(ms)} ms`)
  })
})

test(`${STROKES} strokes, the processor throttled to a quarter: open and draw`, async () => {
  const api = await server.client('long')
  for (let from = 0; from < STROKES; from += BATCH) {
    const actions = Array.from({ length: BATCH }, (_, i) => scribble(from + i))
    await api('POST', '/drawings/long/actions', { from_seq: from, actions })
  }
  // Excludes the server's time for rendering so many strokes.
  const [{ image_url: image }] = (await api('GET', '/drawings')).drawings
  assert.equal((await fetch(new URL(image, server.url))).status, 200)
  await withPhone('long', async (phone) => {
    let opening = await open(phone, 'long')
    for (let round = 0; round < 3 && opening.drawable > OPEN; round += 1) opening = await open(phone, 'long')
    console.log(`opened: shown after ${Math.round(opening.shown)} ms, to draw on after ${Math.round(opening.drawable)} ms (goal ${OPEN} ms)`)
    // Other processes only add time, so the best of some rounds is closest to the app's own.
    let best = Infinity
    for (let round = 0; round < 4 && best > FRAME; round += 1) {
      const frames = await framesOfDrawing(phone)
      assert.ok(frames.length > 50, `${frames.length} frames`)
      best = Math.min(best, percentile(frames, 0.95))
      console.log(`drawing: frames p95 ${percentile(frames, 0.95).toFixed(1)} ms, worst ${Math.max(...frames).toFixed(1)} ms, of ${frames.length}`)
    }
    console.log(`drawing: best p95 ${best.toFixed(1)} ms (goal ${FRAME} ms)`)
  })
})
