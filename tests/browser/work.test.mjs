// Counts the work of the app: requests, round trips, page updates, painted points. No time is asserted.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { drawings } = JSON.parse(readFileSync(new URL('../fixtures/drawings.json', import.meta.url), 'utf8'))
/** Network throttling for Chromium: bytes a second and ms. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 }
const FAST = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }

const { server, withPhone } = await launch()

/**
 * The number of answers that the last of these requests waited for one after the other, its own included. A request
 * that waits for a free connection only is no further round trip: with HTTP/2 none waits. Pictures cause no request.
 * @param {{ url: string, sent: number, done?: number }[]} requests in seconds
 */
function roundTrips(requests) {
  let trips = 0
  let answered = -Infinity
  for (const { sent } of [...requests].sort((a, b) => a.sent - b.sent)) {
    if (sent < answered) continue
    trips += 1
    // The first reply after this request was sent is the earliest one that a dependent request can have waited for.
    const answers = requests.filter((one) => one.sent >= sent && one.done !== undefined && !one.url.includes('/images/'))
    answered = Math.min(...answers.map(({ done }) => done), Infinity)
  }
  return trips
}

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
    // Enough time for the former stroke to be saved and its state to change.
    for (let i = 0; i < 30; i += 1) {
      await phone.send('touchMove', [paper.at(0.2 + i * 0.02, 0.4)])
      await phone.page.waitForTimeout(60)
    }
    await phone.send('touchEnd', [])
    await phone.state('已保存')
    assert.deepEqual(await phone.page.evaluate(() => window.setWhileDrawing), [])
  })
})

test('a point more costs one paint of a bounded tail, however long the stroke and the drawing', async () => {
  const api = await server.client('work')
  const scribble = (i) => ({ type: 'stroke', tool: 'ink', color: '#22211f', width: 30, at: i * 700, points: [300 + (i % 40) * 30, 300 + i, 0, ...Array.from({ length: 30 }, () => [9, 4, 16]).flat()] })
  await api('POST', '/drawings/work/actions', { from_seq: 0, actions: Array.from({ length: 600 }, (_, i) => scribble(i)) })
  await withPhone('work', async (phone) => {
    await phone.start('pages/draw/draw?id=work')
    await phone.page.waitForFunction(() => window.getCurrentPages()[0].drawing.picture.strokes.length === 600)
    await phone.page.evaluate(async () => {
      const [{ painter }] = window.getCurrentPages()
      await painter.settled()
      window.work = { settled: 0, tails: [] }
      const { paintRange, extend } = painter
      painter.paintRange = function count(...args) {
        window.work.settled += 1
        return paintRange.apply(this, args)
      }
      painter.extend = function count() {
        const before = this.drawing.paints
        extend.call(this)
        const { knots, cut } = this.drawing.growing
        window.work.tails.push({ paints: this.drawing.paints - before, knots: knots.length - cut })
      }
    })
    await phone.tap('毛笔')
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.1, 0.8)])
    for (let i = 1; i <= 200; i += 1) await phone.send('touchMove', [paper.at(0.1 + (i % 100) * 0.008, 0.8 + 0.1 * Math.sin(i / 5))])
    const { settled, tails } = await phone.page.evaluate(() => window.work)
    await phone.send('touchEnd', [])
    assert.equal(settled, 0, 'no stroke is painted again while a finger draws')
    assert.ok(tails.length >= 190, `${tails.length} events`)
    assert.ok(Math.max(...tails.map(({ paints }) => paints)) <= 2, 'a piece and a tail at most')
    const late = Math.max(...tails.slice(-50).map(({ knots }) => knots))
    assert.ok(late <= 60, `${late} points in the tail`)
  })
})

test('a gallery of 20 costs two round trips and 120 kB, and its images are not loaded again', async () => {
  const api = await server.client('light')
  for (let i = 0; i < 20; i += 1) {
    const { actions, width, height } = drawings[i % drawings.length]
    await api('POST', `/drawings/g${i}/actions`, { from_seq: 0, actions, drawing: { title: '', width, height, mode: 'free' } })
  }
  await withPhone('light', async (phone) => {
    // The user has signed in before.
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
    await phone.tap('画廊')
    await phone.page.locator('.card:not(.bone)').nth(19).waitFor()
    await phone.page.waitForFunction(() => {
      const images = [...document.querySelectorAll('.card image img')].filter((image) => image.getBoundingClientRect().top < window.innerHeight)
      return images.length > 3 && images.every((image) => image.complete && image.naturalWidth > 0)
    })
    // Counts a request as a round trip if it could only be made after the reply to another.
    const depth = roundTrips(asked())
    console.log(`gallery at 400 kbit/s and 300 ms: the first screen after ${depth} round trips`)
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
    // One request for the list, then all images in parallel.
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
