// The page of a shared drawing, from a card, a printed code and the timeline.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { launch } from './harness.mjs'
import { cardPicture, landing, shown, until } from './sharing.mjs'

const { server, withPhone } = await launch()

test('without a code, with half a code and with an unknown one, the page says so and leads on', async () => {
  await withPhone('lost', async (phone) => {
    for (const query of ['', '?code=0123456789ab', '?scene=%25E4', '?scene=0123456789', '?scene=0123456789ab']) {
      await phone.start(`pages/share/share${query}`)
      await phone.text('没有找到这幅画').waitFor()
      await phone.button('也画一张').waitFor()
    }
    await phone.tap('也画一张')
    await phone.button('换纸张').waitFor()
  })
})

test('the page of a printed code plays once, again at a tap, and leads to a new drawing', async () => {
  const { code } = await shown(server, 'printed', { title: '三棵树' })
  await withPhone('reader', async (phone) => {
    await phone.start(`pages/share/share?scene=${code}`, 1047)
    await phone.text('一位画友').waitFor()
    await phone.see('#22211f', 0.5, 0.5)
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.playing)
    await phone.screenshot('shared')
    await phone.tap('再看一遍')
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).data.playing)
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.playing)
    await phone.tap('也画一张')
    await phone.button('换纸张').waitFor()
  })
})

test('without a network the page offers another try, and goes on by itself when the network is back', async () => {
  const { code } = await shown(server, 'distant')
  await withPhone('away', async (phone) => {
    let lost = true
    await phone.page.route(`**/s/${code}.json`, (route) => (lost ? route.abort() : route.continue()))
    await phone.start(landing(code))
    await phone.text('暂时连不上服务器').waitFor()
    lost = false
    await phone.tap('再试一次')
    await phone.text('一位画友').waitFor()
    lost = true
    await phone.start(landing(code))
    await phone.text('暂时连不上服务器').waitFor()
    await phone.toggleNetwork()
    lost = false
    await phone.toggleNetwork()
    await phone.text('一位画友').waitFor()
  })
})

test('the timeline shows the page without a sign-in and without a way to another page; a report goes by the form', async () => {
  const { code } = await shown(server, 'famous')
  await withPhone('scroller', async (phone) => {
    const asked = []
    phone.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await phone.start(landing(code), 1154)
    await phone.see('#22211f', 0.5, 0.5)
    assert.equal(await phone.button('也画一张').count(), 0)
    await phone.screenshot('timeline')
    await phone.tap('举报')
    await phone.tap('广告')
    await phone.button('补充说明').fill('卖东西的')
    const sent = phone.page.waitForRequest(/\/report$/)
    await phone.tap('提交举报')
    assert.equal((await sent).postData(), `reason=4&note=${encodeURIComponent('卖东西的')}`)
    await phone.text('已收到举报').waitFor()
    assert.deepEqual(asked.filter((path) => path.startsWith('/api/') || path.startsWith('/dev/')), [])
  })
})

test('the page can be put on the timeline, with its picture once it is shown', async () => {
  const { code } = await shown(server, 'proud')
  await withPhone('poster', async (phone) => {
    await phone.start(landing(code))
    await phone.text('一位画友').waitFor()
    await phone.page.getByLabel('小程序菜单').tap()
    await phone.page.getByText('分享到朋友圈', { exact: true }).tap()
    await cardPicture(phone).waitFor()
    assert.match(await cardPicture(phone).getAttribute('src'), new RegExp(`/s/${code}/card\\.png\\?shape=1x1$`))
    assert.equal(await cardPicture(phone).evaluate(async (node) => { await node.decode(); return node.naturalWidth - node.naturalHeight }), 0)
  })
})

test('a signed-in user reports with a reason and a note', async () => {
  const { code } = await shown(server, 'reported')
  await withPhone('reporter', async (phone) => {
    await phone.start(landing(code))
    await phone.tap('举报')
    // A tap that is forced on a sheet still on its way would hit the page behind it, which closes the sheet.
    await phone.button('侵权').tap({ trial: true })
    await phone.button('提交举报').tap({ force: true })
    await phone.tap('侵权')
    await phone.button('补充说明').fill('抄我的')
    await phone.screenshot('report')
    const answer = phone.page.waitForResponse(/\/reports$/)
    await phone.tap('提交举报')
    const reply = await answer
    assert.deepEqual([reply.status(), reply.request().postDataJSON()], [204, { reason: 5, note: '抄我的' }])
    await phone.text('已收到举报').waitFor()
    await phone.button('提交举报').waitFor({ state: 'detached' })
  })
})

test('a second card that is tapped while the page is open shows its own drawing, once', async () => {
  const first = await shown(server, 'first', { title: '一' })
  const second = await shown(server, 'second', { title: '二' })
  await withPhone('chatting', async (phone) => {
    const code = () => phone.page.evaluate(() => window.getCurrentPages().at(-1).code)
    await phone.start(landing(first.code), 1007)
    await phone.text('一位画友').waitFor()
    await phone.page.evaluate((target) => window.wx.preview.enter(target, 1007), landing(second.code))
    assert.equal(await code(), second.code)
    await phone.see('#22211f', 0.5, 0.5)
    // From the background by itself, WeChat tells the same entry again.
    await phone.page.evaluate((target) => {
      window.getCurrentPages().at(-1).begin(target)
      document.querySelector('.capsule-close').click()
      document.querySelector('.capsule-close').click()
    }, first.code)
    assert.equal(await code(), first.code)
  })
})

test('the first sign-in of a visitor names the share that led here, and no later one does', async () => {
  const { code } = await shown(server, 'inviting')
  await withPhone('newcomer', async (phone) => {
    await phone.page.evaluate(() => localStorage.clear())
    const session = () => phone.page.waitForRequest(/\/session$/)
    const first = session()
    await phone.start(landing(code), 1007)
    assert.equal((await first).postDataJSON().from, code)
    await phone.page.waitForFunction(() => window.getApp().session.saved)
    const second = session()
    await phone.page.evaluate(() => {
      window.getApp().session.forget()
      void window.getApp().session.token()
    })
    assert.equal((await second).postDataJSON().from, undefined)
  })
})

/** Runs in the page: compares the finished picture on the screen with the server's. @returns {Promise<{ over16: number, over64: number }>} per cent of all pixels */
async function compare(png) {
  const { painter } = window.getCurrentPages().at(-1).playback
  await painter.settled()
  const { width, height } = painter.canvas
  const pixels = (draw) => {
    const context = new OffscreenCanvas(width, height).getContext('2d')
    draw(context)
    return context.getImageData(0, 0, width, height).data
  }
  const bitmap = await createImageBitmap(new window.Blob([Uint8Array.from(window.atob(png), (character) => character.charCodeAt(0))]))
  if (bitmap.width !== width || bitmap.height !== height) throw new Error(`${width} x ${height}, ${bitmap.width} x ${bitmap.height}`)
  const theirs = pixels((context) => context.drawImage(bitmap, 0, 0))
  const ours = pixels((context) => {
    context.fillStyle = window.getCurrentPages().at(-1).data.background
    context.fillRect(0, 0, width, height)
    context.drawImage(painter.canvas, 0, 0)
    context.drawImage(painter.live, 0, 0)
  })
  let over16 = 0
  let over64 = 0
  for (let i = 0; i < ours.length; i += 4) {
    let most = 0
    for (let c = 0; c < 3; c += 1) most = Math.max(most, Math.abs(ours[i + c] - theirs[i + c]))
    if (most > 16) over16 += 1
    if (most > 64) over64 += 1
  }
  const share = 100 / (width * height)
  return { over16: over16 * share, over64: over64 * share }
}

test('the finished picture of the page is the server\'s', async () => {
  const { drawings } = JSON.parse(await readFile(new URL('../fixtures/drawings.json', import.meta.url), 'utf8'))
  const api = await server.client('pictured')
  const shares = []
  // A square paper, so that both have the same number of pixels.
  for (const [index, { actions }] of drawings.entries()) {
    const id = `p${index}`
    await api('POST', `/drawings/${id}/actions`, { from_seq: 0, actions, drawing: { title: '', width: 2048, height: 2048, mode: 'free' } })
    const share = await api('POST', `/drawings/${id}/share`, {})
    if (share.code === 'nothing_to_share') continue
    // One after the other: the server makes a few checks at once, and the rest later.
    await until(async () => (await fetch(`${share.url}.json`)).status === 200)
    shares.push({ ...share, id })
  }
  assert.ok(shares.length >= 10)
  await withPhone('comparer', async (phone) => {
    const results = []
    for (const { code, id } of shares) {
      await phone.start(landing(code))
      await phone.text('一位画友').waitFor()
      await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).playback?.painter)
      const height = await phone.page.evaluate(() => {
        const { playback } = window.getCurrentPages().at(-1)
        playback.pause()
        playback.time = playback.player.duration
        playback.show()
        return playback.painter.canvas.height
      })
      // The owner's picture has any size; the public ones come in a few.
      const png = await api('GET', `/drawings/${id}/image.png?size=${height}`)
      results.push(await phone.page.evaluate(compare, png.toString('base64')))
    }
    const sorted = results.map(({ over16 }) => over16).sort((a, b) => a - b)
    assert.ok(sorted[Math.floor(sorted.length / 2)] <= 0.4, JSON.stringify(results))
    assert.ok(sorted.at(-1) <= 1, JSON.stringify(results))
    assert.ok(Math.max(...results.map(({ over64 }) => over64)) <= 0.01, JSON.stringify(results))
  })
})
