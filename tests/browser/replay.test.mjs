// The replay: its pace, its layout, and failures to load.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'

const { server, withPhone } = await launch()

/** Strokes that take a second each, with pauses between them. */
const long = (count) => Array.from({ length: count }, (_, i) => {
  const points = [300 + (i % 10) * 140, 200 + Math.floor(i / 10) * 70, 0]
  for (let at = 0; at < 62; at += 1) points.push(at % 2 ? 2 : -1, 1, 16)
  return { type: 'stroke', tool: 'ink', color: INK, width: 24, at: i * 2_000, points }
})
const dot = { type: 'stroke', tool: 'pen', color: INK, width: 400, at: 0, points: [1024, 1365, 0] }

async function fill(user, actions) {
  const api = await server.client(user)
  await api('POST', '/drawings/a/actions', { from_seq: 0, actions })
}

const replay = (phone) => phone.start('pages/replay/replay?id=a')
const data = (phone) => phone.page.evaluate(() => ({ ...window.getCurrentPages().at(-1).data }))
/** Stops the clock of the replay at a moment. */
const showAt = (phone, time) => phone.page.evaluate((moment) => {
  const { playback } = window.getCurrentPages().at(-1)
  playback.pause()
  playback.time = moment
  playback.show()
}, time)

test('a long replay takes 20 s, its progress is fine, and other speeds can be chosen', async () => {
  await fill('pace', long(230))
  await withPhone('pace', async (phone) => {
    await replay(phone)
    await phone.button('暂停').waitFor()
    assert.deepEqual([(await data(phone)).total, (await data(phone)).speed], ['0:20', 0])
    const duration = await phone.page.evaluate(() => window.getCurrentPages().at(-1).playback.player.duration)
    assert.ok(duration > 300_000, `${duration} ms`)
    const seen = []
    for (let i = 0; i < 9; i += 1) {
      await showAt(phone, i * 800)
      seen.push((await data(phone)).percent)
    }
    assert.equal(new Set(seen).size, seen.length, `progress ${seen}`)
    await showAt(phone, duration - 2_000)
    assert.deepEqual([(await data(phone)).percent, (await data(phone)).clock], [90, '0:18'])
    await phone.screenshot('replay-portrait')
    await phone.tap('速度自动，二十秒以内')
    assert.match((await data(phone)).total, /^5:\d\d$/)
    await phone.tap('速度 1 倍')
    await phone.tap('速度 2 倍')
    assert.match((await data(phone)).total, /^1:\d\d$/)
  })
})

test('a dot alone moves: the paper is empty first', async () => {
  await fill('dot', [dot])
  await withPhone('dot', async (phone) => {
    await replay(phone)
    await phone.button('播放').waitFor()
    await phone.see(INK, 0.5, 0.5)
    await phone.page.evaluate(() => {
      const { player } = window.getCurrentPages().at(-1).playback
      window.emptyFrames = 0
      const { seek } = player
      player.seek = function count(time) {
        const found = seek.call(player, time)
        if (!found.stroke && found.picture.strokes.length === 0) window.emptyFrames += 1
        return found
      }
    })
    await phone.tap('播放')
    await phone.page.waitForFunction(() => window.emptyFrames > 0)
    await phone.button('播放').waitFor()
    await phone.see(INK, 0.5, 0.5)
  })
})

test('the ink of a replay is the finished ink, not a row of blobs', async () => {
  const points = [300, 700, 0]
  for (let i = 1; i < 40; i += 1) points.push(36, Math.round(20 * Math.sin(i / 4)), 16)
  await fill('blobs', [{ type: 'stroke', tool: 'ink', color: INK, width: 112, at: 0, points }, { ...dot, points: [1900, 2500, 0] }])
  await withPhone('blobs', async (phone) => {
    await replay(phone)
    await phone.button('暂停').waitFor()
    const inked = () => phone.page.evaluate(() => {
      const { painter } = window.getCurrentPages().at(-1).playback
      const alpha = (canvas) => canvas.getContext('2d').getImageData(0, 0, Math.round(canvas.width * 0.45), canvas.height).data.filter((_, i) => i % 4 === 3)
      const live = alpha(painter.live)
      return [...alpha(painter.canvas)].map((value, i) => (Math.max(value, live[i]) > 127 ? 1 : 0)).join('')
    })
    // Almost all of the stroke is drawn; its left half is final.
    await showAt(phone, 39 * 16 - 1)
    const during = await inked()
    await showAt(phone, 39 * 16 + 1)
    const after = await inked()
    let differ = 0
    for (let i = 0; i < after.length; i += 1) if (after[i] !== during[i]) differ += 1
    const all = after.replaceAll('0', '').length
    assert.ok(all > 3_000 && differ < all * 0.01, `${differ} of ${all} pixels`)
  })
})

test('a replay that could not be loaded offers to try again', async () => {
  await fill('again', [dot])
  await withPhone('again', async (phone) => {
    let refuse = true
    await phone.page.route('**/api/v1/drawings/a**', (route) => (refuse ? route.fulfill({ status: 503, headers: { 'retry-after': '1' }, json: { status: 503, code: 'unavailable', title: '', request_id: 'r' } }) : route.continue()))
    await replay(phone)
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).data.failed)
    await phone.screenshot('replay-failed')
    refuse = false
    await phone.page.evaluate(() => window.getCurrentPages().at(-1).selectComponent('#fault').setData({ show: false }))
    await phone.tap('再试一次')
    await phone.see(INK, 0.5, 0.5)
  })
})

test('on its side, the replay has its buttons beside the paper', async () => {
  await fill('side', long(20))
  await withPhone('side', async (phone) => {
    await replay(phone)
    await phone.button('暂停').waitFor()
    await showAt(phone, 15_000)
    await phone.screenshot('replay-landscape')
    const paper = await phone.paper()
    const dock = await phone.page.locator('.mp-page:not([hidden]) .dock').boundingBox()
    assert.ok(dock.x > paper.x + paper.width, JSON.stringify([paper, dock]))
    assert.ok(paper.height > 280, `${paper.height} px of 375`)
    for (const name of ['播放', '进度', '循环', '保存图片', '做成动图']) {
      const box = await phone.button(name).boundingBox()
      assert.ok(box.y >= 0 && box.y + box.height <= 375 && box.x + box.width <= 667 && box.height >= 43, `${name}: ${JSON.stringify(box)}`)
    }
  }, { viewport: { width: 667, height: 375 } })
})
