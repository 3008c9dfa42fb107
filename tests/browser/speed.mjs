// What WeChat's 体验评分 asks for, as far as a browser can tell, with stricter figures; and the figures of long
// drawings. Each is printed, so that a slow change shows before it fails.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { drawings } = JSON.parse(readFileSync(new URL('../fixtures/drawings.json', import.meta.url), 'utf8'))
/** A little fewer than a drawing may have, to leave room for those of the test. */
const STROKES = 4_900
const BATCH = 100
const POINTS = 40
const THROTTLE = 4
/** Milliseconds of a frame's work, at the 95th percentile. */
const FRAME = 16
/** What Chromium calls a network: bytes a second and ms. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 }
const FAST = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
/** Milliseconds from the tap in the gallery until one sees the drawing and can draw on it. */
const OPEN = 500

const { server, browser, withPhone } = await launch()

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]

/** A stroke somewhere on the paper, always the same for the same number. */
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
 * Draws some strokes.
 * @param {import('./harness.mjs').Phone} phone
 * @returns {Promise<number[]>} the work of each frame with a touch: milliseconds of processor time in which the
 *   page's main thread handled its touches and showed it, whatever else the machine does
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
  /** Takes from a list of moments those up to one; whether there were any. */
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
    // Not those of DevTools and of the tracing itself.
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
 * How many answers the last of these requests waited for, one after the other, its own among them. What waits for
 * a free connection only is no round trip more: where there is HTTP/2, nothing does. No request is made because
 * of a picture.
 * @param {{ url: string, sent: number, done?: number }[]} requests in seconds
 */
function roundTrips(requests) {
  let trips = 0
  let answered = -Infinity
  for (const { sent } of [...requests].sort((a, b) => a.sent - b.sent)) {
    if (sent < answered) continue
    trips += 1
    // The first answer that came after this was sent is the earliest that a further request can have waited for.
    const answers = requests.filter((one) => one.sent >= sent && one.done !== undefined && !one.url.includes('/images/'))
    answered = Math.min(...answers.map(({ done }) => done), Infinity)
  }
  return trips
}

/**
 * Opens a drawing from the gallery, the processor throttled.
 * @param {import('./harness.mjs').Phone} phone @param {string} id
 * @returns {Promise<{ shown: number, drawable: number, here: number, complete: number }>} ms since the tap: when
 *   one sees it, can draw on it, has all of its actions, and sees it painted from them
 */
async function open(phone, id) {
  await phone.touch.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await phone.start('pages/gallery/gallery')
  // One taps what one sees.
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

test('the first screen stands within a second', async () => {
  await withPhone('quick', async (phone) => {
    await phone.page.goto('about:blank')
    await phone.page.goto(`${server.url}/?user=quick`, { waitUntil: 'commit' })
    await phone.page.waitForFunction(() => window.getCurrentPages?.()[0]?.painter?.ratio)
    const ms = await phone.page.evaluate(() => performance.now())
    console.log(`first paper to draw on: ${Math.round(ms)} ms`)
    assert.ok(ms <= 1_000, `${ms} ms`)
  })
})

test('nothing is set while a finger draws', async () => {
  await withPhone('still', async (phone) => {
    await phone.draw([0.2, 0.2], [0.4, 0.2])
    await phone.page.evaluate(() => {
      const [page] = window.getCurrentPages()
      window.setWhileDrawing = []
      const { setData } = page
      page.setData = function count(data, callback) {
        if (page.recorder.phase === 'stroke' && page.recorder.stroke) window.setWhileDrawing.push(Object.keys(data))
        return setData.call(this, data, callback)
      }
    })
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.2, 0.4)])
    // Long enough for the stroke before to be saved and for its state to change.
    for (let i = 0; i < 30; i += 1) {
      await phone.send('touchMove', [paper.at(0.2 + i * 0.02, 0.4)])
      await phone.page.waitForTimeout(60)
    }
    await phone.send('touchEnd', [])
    await phone.state('已保存')
    assert.deepEqual(await phone.page.evaluate(() => window.setWhileDrawing), [])
  })
})

test(`${STROKES} strokes, the processor throttled to a quarter: open and draw`, async () => {
  const api = await server.client('long')
  for (let from = 0; from < STROKES; from += BATCH) {
    const actions = Array.from({ length: BATCH }, (_, i) => scribble(from + i))
    await api('POST', '/drawings/long/actions', { from_seq: from, actions })
  }
  // The server's own time to paint so many strokes is not asked for here.
  const [{ image_url: image }] = (await api('GET', '/drawings')).drawings
  assert.equal((await fetch(new URL(image, server.url))).status, 200)
  await withPhone('long', async (phone) => {
    let opening = await open(phone, 'long')
    for (let round = 0; round < 3 && opening.drawable > OPEN; round += 1) opening = await open(phone, 'long')
    assert.ok(opening.shown <= OPEN, `shown after ${opening.shown} ms`)
    assert.ok(opening.drawable <= OPEN, `to draw on after ${opening.drawable} ms`)
    // Neighbours on the processor's caches only ever add: the best of some rounds is the app's own.
    let best = Infinity
    for (let round = 0; round < 4 && best > FRAME; round += 1) {
      const frames = await framesOfDrawing(phone)
      assert.ok(frames.length > 50, `${frames.length} frames`)
      best = Math.min(best, percentile(frames, 0.95))
      console.log(`drawing: frames p95 ${percentile(frames, 0.95).toFixed(1)} ms, worst ${Math.max(...frames).toFixed(1)} ms, of ${frames.length}`)
    }
    assert.ok(best <= FRAME, `p95 ${best} ms`)
  })
})

test('a gallery of 20 costs two round trips and 120 kB, and its images are not loaded again', async () => {
  const api = await server.client('light')
  for (let i = 0; i < 20; i += 1) {
    const { actions, width, height } = drawings[i % drawings.length]
    await api('POST', `/drawings/g${i}/actions`, { from_seq: 0, actions, drawing: { title: '', width, height, mode: 'free' } })
  }
  await withPhone('light', async (phone) => {
    // Signed in before, as on every day but the first.
    await phone.page.waitForFunction(() => window.wx.getStorageSync('yibi.limits'))
    await phone.touch.send('Network.enable')
    const requests = new Map()
    phone.touch.on('Network.requestWillBeSent', ({ requestId, request, timestamp }) => requests.set(requestId, { url: request.url, sent: timestamp, bytes: 0 }))
    phone.touch.on('Network.requestServedFromCache', ({ requestId }) => requests.delete(requestId))
    phone.touch.on('Network.responseReceived', ({ requestId, response }) => { if (response.fromDiskCache) requests.delete(requestId) })
    phone.touch.on('Network.loadingFinished', ({ requestId, encodedDataLength, timestamp }) => {
      const one = requests.get(requestId)
      if (one) Object.assign(one, { bytes: encodedDataLength, done: timestamp })
    })
    const asked = () => [...requests.values()].filter(({ url }) => url.includes('/api/'))
    await phone.touch.send('Network.emulateNetworkConditions', SLOW)
    const start = await phone.page.evaluate(() => performance.now())
    await phone.tap('画廊')
    await phone.page.locator('.card:not(.bone)').nth(19).waitFor()
    await phone.page.waitForFunction(() => {
      const images = [...document.querySelectorAll('.card image img')].filter((image) => image.getBoundingClientRect().top < window.innerHeight)
      return images.length > 3 && images.every((image) => image.complete && image.naturalWidth > 0)
    })
    const ms = Math.round((await phone.page.evaluate(() => performance.now())) - start)
    // A round trip: a request that could only be made when the answer to another was there.
    const depth = roundTrips(asked())
    console.log(`gallery at 400 kbit/s and 300 ms: the first screen after ${ms} ms and ${depth} round trips`)
    assert.ok(depth <= 2, `${depth} round trips`)
    await phone.touch.send('Network.emulateNetworkConditions', FAST)
    await phone.page.locator('.mp-page:not([hidden]) .mp-scroll').evaluate(async (scroller) => {
      for (let y = 0; y < scroller.scrollHeight; y += 300) {
        scroller.scrollTop = y
        await new Promise((done) => { requestAnimationFrame(done) })
      }
    })
    await phone.page.waitForFunction(() => [...document.querySelectorAll('image img')].every((image) => image.complete && image.naturalWidth > 0))
    await phone.page.waitForLoadState('networkidle')
    const first = asked()
    const bytes = first.reduce((sum, one) => sum + one.bytes, 0)
    const list = first.filter(({ url }) => url.includes('/drawings?'))
    const images = first.filter(({ url }) => url.includes('/images/'))
    console.log(`gallery of 20: ${first.length} requests, ${(bytes / 1000).toFixed(1)} kB`)
    // The list, and then all images without waiting for one another.
    assert.equal(list.length, 1)
    assert.equal(images.length, 20)
    assert.equal(first.length, 21)
    assert.ok(bytes <= 120_000, `${bytes} bytes`)

    await phone.tap('我')
    await phone.text('这台设备').waitFor()
    await phone.page.locator('.nav-back').tap()
    await phone.start('pages/gallery/gallery')
    await phone.page.locator('.card:not(.bone)').nth(19).waitFor()
    await phone.page.waitForLoadState('networkidle')
    assert.deepEqual(asked().filter(({ url }) => url.includes('/images/')).length, 20)
  })
})
