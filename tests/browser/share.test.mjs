// Sharing a drawing, as its author sees it: the sheet, the card, the link, the list.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { launch, Phone, Server } from './harness.mjs'
import { cardPicture, landing, shared, shown, stroke, until } from './sharing.mjs'

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] }

/** Drawings are passed at once by the simulated WeChat. */
const { server, browser, withPhone } = await launch()
/** Drawings wait for the operator. */
const careful = await Server.start([], '[sharing]\nlevel = "link"\nreview = "operator"\n')
after(() => careful.stop())
const carefully = (user, run, options) => Phone.with(browser, careful, user, run, options)

/** The case of a user's share in the operator's queue. */
function caseOf(share) {
  return until(async () => (await careful.operate('GET', '/reviews?state=held')).reviews.find(({ code }) => code === share.code))
}

/** Opens the sheet behind 分享, on a drawing that is all there. */
async function openSheet(phone) {
  await phone.page.waitForFunction(() => window.getApp().limits.sharing && window.getCurrentPages().at(-1).data.drawn)
  await phone.tap('更多')
  await phone.tap('分享')
}

/** Draws a line and opens the sheet. */
async function drawAndShare(phone) {
  await phone.draw([0.2, 0.3], [0.8, 0.3])
  await openSheet(phone)
}

const copied = (phone) => phone.page.evaluate(() => navigator.clipboard.readText())

test('the card of every page is the app\'s own: nothing of an unchecked drawing leaves the phone', async () => {
  const api = await server.client('unchecked')
  await api('POST', '/drawings/a/actions', { from_seq: 0, actions: [stroke], drawing: { title: '未经检查', width: 2048, height: 2731, mode: 'free' } })
  await withPhone('unchecked', async (phone) => {
    for (const path of ['draw/draw?id=a', 'replay/replay?id=a', 'gallery/gallery']) {
      await phone.start(`pages/${path}`)
      await phone.page.getByLabel('小程序菜单').tap()
      await cardPicture(phone).waitFor()
      assert.equal(await cardPicture(phone).getAttribute('src'), 'mp/images/cover.jpg', path)
      const size = await cardPicture(phone).evaluate(async (node) => { await node.decode(); return [node.naturalWidth, node.naturalHeight] })
      assert.equal(size[0] / size[1], 5 / 4)
      assert.equal(await phone.page.getByRole('dialog', { name: '分享' }).getByText('未经检查').count(), 0, path)
      await phone.answer('分享', '好')
    }
  })
})

test('two taps after 分享, any browser opens the page; the strokes of this moment are on it', async () => {
  await withPhone('author', async (phone) => {
    await drawAndShare(phone)
    await phone.tap('生成链接')
    await phone.tap('复制链接')
    const url = await until(() => copied(phone))
    assert.match(url, /\/s\/[0-9a-hjkmnp-tv-z]{12}$/)
    const { strokes } = await until(async () => {
      const reply = await fetch(`${url}.json`)
      return reply.status === 200 ? reply.json() : null
    })
    assert.equal(strokes.length, 1)
    const other = await browser.newPage()
    await other.goto(url)
    assert.ok((await other.locator('body img').first().boundingBox()).width >= 300)
    await other.close()
    // The sheet asks about the check by itself.
    await phone.text('已通过').waitFor()
    await phone.screenshot('share-sheet')
    await phone.tap('发给朋友')
    await cardPicture(phone).waitFor()
    assert.equal(await cardPicture(phone).getAttribute('src'), `${url}/card.png?shape=5x4`)
    assert.deepEqual(await cardPicture(phone).evaluate(async (node) => { await node.decode(); return node.naturalWidth / node.naturalHeight }), 5 / 4)
    const [visit] = await Promise.all([phone.context.waitForEvent('page'), phone.page.getByRole('dialog', { name: '分享', exact: true }).getByText(/打开$/).tap()])
    await visit.getByText('一位画友').waitFor()
  }, CLIPBOARD)
})

test('while a drawing is checked, its card and link can be passed on, and the page plays by itself in the end', async () => {
  await carefully('patient', async (phone) => {
    await drawAndShare(phone)
    await phone.tap('生成链接')
    await phone.text('等待人工确认').waitFor()
    await phone.tap('发给朋友')
    await cardPicture(phone).waitFor()
    assert.equal(await cardPicture(phone).getAttribute('src'), 'mp/images/cover.jpg')
    await phone.answer('分享', '好')
    await phone.tap('复制链接')
    const url = await until(() => copied(phone))
    const code = url.slice(-12)
    await carefully('visitor', async (visitor) => {
      await visitor.start(landing(code))
      await visitor.text('正在确认').waitFor()
      await visitor.screenshot('shared-checking')
      const { id } = await caseOf({ code })
      await careful.operate('POST', `/reviews/${id}/pass`, {})
      await visitor.text('一位画友').waitFor()
      await visitor.button('再看一遍').waitFor()
    })
  }, CLIPBOARD)
})

test('taken back, the link is dead for ever, and the drawing can be shared anew', async () => {
  const before = await shown(server, 'fickle')
  await withPhone('fickle', async (phone) => {
    await phone.start('pages/shares/shares')
    await phone.text('已通过').waitFor()
    await phone.start('pages/draw/draw?id=a')
    await openSheet(phone)
    await phone.tap('收回')
    await phone.answer('收回分享？', '收回')
    await phone.button('生成链接').waitFor()
    assert.equal((await fetch(`${before.url}.json`)).status, 410)
    await phone.tap('生成链接')
    await phone.button('复制链接').waitFor()
    assert.notEqual((await before.api('GET', '/drawings/a/share')).code, before.code)
  })
  await withPhone('guest', async (phone) => {
    await phone.start(landing(before.code))
    await phone.text('这幅画已收回').waitFor()
    await phone.screenshot('shared-gone')
  })
})

test('a removed share tells the reason, and cannot be shared again as it is', async () => {
  const share = await shared(careful, 'refused', { title: '不行' })
  const { id } = await caseOf(share)
  await careful.operate('POST', `/reviews/${id}/remove`, { reason: 1 })
  await carefully('refused', async (phone) => {
    await phone.page.waitForFunction(() => window.getApp().limits.sharing)
    await phone.tap('画廊')
    await phone.tap('我')
    await phone.tap('我的分享')
    await phone.text('没有通过检查（色情低俗）').waitFor()
    await phone.screenshot('shares')
    await phone.start('pages/draw/draw?id=a')
    await openSheet(phone)
    await phone.text('没有通过检查（色情低俗）').waitFor()
    await phone.tap('重新分享')
    await phone.text('这幅画没有通过检查').waitFor()
    await phone.tap('知道了')
    await phone.draw([0.2, 0.6], [0.8, 0.6])
    await openSheet(phone)
    await phone.tap('重新分享')
    await phone.text('等待人工确认').waitFor()
  })
})

test('where sharing is off, no share of a picture is offered', async () => {
  const off = await Server.start([], '[sharing]\nlevel = "off"\n')
  after(() => off.stop())
  await Phone.with(browser, off, 'alone', async (phone) => {
    const limits = phone.page.waitForResponse(/\/limits$/)
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await limits
    await phone.tap('更多')
    await phone.button('做成动图').waitFor()
    assert.equal(await phone.button('分享').count(), 0)
    await phone.start('pages/me/me')
    await phone.text('这台设备').waitFor()
    assert.equal(await phone.button('我的分享').count(), 0)
    await phone.start(landing('0123456789ab'))
    await phone.text('没有找到这幅画').waitFor()
  })
})

test('without a network nothing is shared, and the sheet says so', async () => {
  await withPhone('offline', async (phone) => {
    await phone.page.waitForFunction(() => window.getApp().limits.sharing)
    await phone.toggleNetwork()
    await drawAndShare(phone)
    await phone.text('没有网络').waitFor()
    await phone.toggleNetwork()
    await phone.tap('再试一次')
    await phone.button('生成链接').waitFor()
  })
})

test('where a phone number is needed, the sheet binds it and goes on', async () => {
  await withPhone('caller', async (phone) => {
    let bound = false
    phone.page.on('response', (reply) => { bound ||= reply.url().endsWith('/me/phone') && reply.ok() })
    await phone.page.route('**/drawings/*/share', (route) => (route.request().method() === 'POST' && !bound
      ? route.fulfill({ status: 403, json: { status: 403, code: 'phone_required', title: '', request_id: 'r' } })
      : route.continue()))
    await drawAndShare(phone)
    await phone.tap('生成链接')
    await phone.tap('用微信的手机号绑定')
    await phone.answer('“一笔到底”申请', '允许')
    await phone.button('复制链接').waitFor()
  })
})

test('an animated picture of one stroke is a sticker of at most 4 kB in the album', async () => {
  await withPhone('mover', async (phone) => {
    await phone.draw([0.2, 0.3], [0.5, 0.5], [0.8, 0.3])
    await phone.tap('更多')
    await phone.tap('做成动图')
    await phone.screenshot('gif')
    await phone.tap('小图，当表情发')
    await phone.answer('保存到相册', '继续')
    const download = phone.page.waitForEvent('download')
    await phone.answer('“一笔到底”申请', '允许')
    const saved = await download
    assert.equal(saved.suggestedFilename(), '一笔到底.gif')
    const file = await readFile(await saved.path())
    assert.equal(file.toString('latin1', 0, 6), 'GIF89a')
    assert.deepEqual([file.readUInt16LE(6), file.readUInt16LE(8)], [240, 240])
    assert.ok(file.length <= 4_096, `${file.length} bytes`)
    await phone.text('已存到相册').waitFor()
  })
})
