import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { withPhone } = await launch()

/** Draws a line and requests the picture. */
async function ask(phone) {
  await phone.draw([0.2, 0.3], [0.8, 0.3])
  await phone.tap('更多')
  await phone.tap('保存图片')
}

/** The width and height in the PNG header. */
async function sizeOf(download) {
  const file = await readFile(await download.path())
  assert.equal(file.toString('latin1', 1, 4), 'PNG')
  return [file.readUInt32BE(16), file.readUInt32BE(20)]
}

test('permission granted: the server\'s picture, 1080 pixels wide', async () => {
  await withPhone('granted', async (phone) => {
    const picture = phone.page.waitForRequest(/image\.png\?size=/)
    const download = phone.page.waitForEvent('download')
    await ask(phone)
    await phone.answer('保存到相册', '继续')
    await phone.answer('“一笔到底”申请', '允许')
    await picture
    assert.deepEqual(await sizeOf(await download), [1080, 1440])
    await phone.text('已存到相册').waitFor()
  })
})

test('offline: the same picture from the canvas', async () => {
  await withPhone('away', async (phone) => {
    await phone.page.evaluate(() => document.querySelector('[data-network]').click())
    const download = phone.page.waitForEvent('download')
    await ask(phone)
    await phone.answer('保存到相册', '继续')
    await phone.answer('“一笔到底”申请', '允许')
    assert.deepEqual(await sizeOf(await download), [1080, 1440])
  })
})

test('暂不 asks WeChat for nothing', async () => {
  await withPhone('later', async (phone) => {
    await ask(phone)
    await phone.answer('保存到相册', '暂不')
    await phone.tap('更多')
    await phone.tap('保存图片')
    await phone.page.getByRole('dialog', { name: '保存到相册', exact: true }).waitFor()
  })
})

test('refused: a sheet with the two ways that are left; then granted in the settings', async () => {
  await withPhone('refused', async (phone) => {
    await ask(phone)
    await phone.answer('保存到相册', '继续')
    await phone.answer('“一笔到底”申请', '拒绝')
    await phone.text('相册权限没有打开').waitFor()
    await phone.screenshot('refused')
    // This way needs no permission.
    await phone.tap('发给朋友或收藏')
    await phone.answer('分享图片', '好')

    // WeChat asks only once; the app detects the refusal.
    await phone.tap('更多')
    await phone.tap('保存图片')
    await phone.text('相册权限没有打开').waitFor()
    const download = phone.page.waitForEvent('download')
    await phone.tap('去设置')
    await phone.answer('设置', '允许')
    assert.deepEqual(await sizeOf(await download), [1080, 1440])
  })
})

test('without consent to the privacy guide nothing is saved; with it the permission is asked for', async () => {
  await withPhone('consent', async (phone) => {
    await phone.page.evaluate(() => document.querySelector('[data-privacy]').click())
    await ask(phone)
    await phone.answer('保存到相册', '继续')
    await phone.text('隐私保护提示').waitFor()
    await phone.page.locator('.mp-page:not([hidden]) privacy').getByLabel('暂不', { exact: true }).tap()
    await phone.text('隐私保护提示').waitFor({ state: 'detached' })
    await phone.tap('更多')
    await phone.tap('保存图片')
    await phone.answer('保存到相册', '继续')
    const download = phone.page.waitForEvent('download')
    await phone.tap('同意')
    await phone.answer('“一笔到底”申请', '允许')
    assert.deepEqual(await sizeOf(await download), [1080, 1440])
  })
})
