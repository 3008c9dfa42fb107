import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { server, withPhone } = await launch()

test('space, devices, and ending another one', async () => {
  await withPhone('devices', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    const other = await server.client('devices')
    await phone.openMe()
    await phone.page.getByText(/^1 幅，/).waitFor()
    await phone.screenshot('me')
    await phone.tap('让 test 退出登录')
    await phone.answer('让这台设备退出？', '退出')
    await phone.button('让 test 退出登录').waitFor({ state: 'detached' })
    // Servers cache a session for a second.
    await phone.page.waitForTimeout(1_100)
    assert.equal((await other('GET', '/me')).code, 'session_ended')
  })
})

test('signed out stays out until one comes back, and the drawing made meanwhile is saved then', async () => {
  await withPhone('leaver', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.openMe()
    await phone.tap('退出登录')
    await phone.answer('退出登录？', '退出')
    await phone.text('已退出登录').waitFor()
    await phone.start()
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    // The state names the missing sign-in, and its sheet offers it.
    await phone.state('未登录，只存本机')
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.text('没有登录').waitFor()
    await phone.screenshot('signed-out')
    await phone.tap('登录')
    await phone.state('已保存')
    await phone.tap('画廊')
    await phone.tap('我')
    await phone.text('这台设备').waitFor()
    const api = await server.client('leaver')
    const { drawings } = await api('GET', '/drawings')
    assert.equal(drawings.length, 2)
  })
})

test('an export is offered as a file', async () => {
  await withPhone('export', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.openMe()
    await phone.tap('导出全部')
    const download = phone.page.waitForEvent('download')
    await phone.tap('发送文件')
    assert.match((await download).suggestedFilename(), /^一笔到底 \d{4}-\d\d-\d\d\.zip$/)
  })
})

/** Resets the privacy consent of the phone's WeChat. */
const forgetConsent = (phone) => phone.page.evaluate(() => document.querySelector('[data-privacy]').click())

test('an avatar is uploaded, shown by its signed address, there on another phone, and removed', async () => {
  await withPhone('face', async (phone) => {
    await phone.openMe()
    await phone.tap('给自己起个名字，修改昵称和头像')
    const face = async (color) => {
      const chooser = phone.page.waitForEvent('filechooser')
      await phone.tap('选择头像')
      await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(await png(phone, color), 'base64') })
    }
    await face('#2f4b7c')
    const shown = () => phone.page.waitForFunction(() => {
      const image = document.querySelector('.mp-page:not([hidden]) .head img')
      return image?.naturalWidth === 256 && image.src.includes('/avatar/') && image.src
    })
    const first = await (await shown()).jsonValue()
    const me = await (await server.client('face'))('GET', '/me')
    assert.ok(first.endsWith(me.avatar_url), `${first} is not ${me.avatar_url}`)
    await phone.screenshot('avatar')
    // A file that is no picture is reported, and the former avatar stays.
    const chooser = phone.page.waitForEvent('filechooser')
    await phone.tap('选择头像')
    await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await phone.text('这张图片不能用').waitFor()
    await phone.tap('知道了')
    await withPhone('face', async (other) => {
      await other.start('pages/me/me')
      await other.page.waitForFunction(() => document.querySelector('.mp-page:not([hidden]) .head img')?.naturalWidth === 256)
    })
    await phone.tap('移除头像')
    await phone.page.waitForFunction(() => !document.querySelector('.mp-page:not([hidden]) .head img'))
    assert.equal((await (await server.client('face'))('GET', '/me')).avatar_url, null)
  })
})

/** A square picture of one colour, base64. */
function png(phone, color) {
  return phone.page.evaluate((fill) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 300, height: 300 })
    const context = canvas.getContext('2d')
    context.fillStyle = fill
    context.fillRect(0, 0, 300, 300)
    return canvas.toDataURL('image/png').split(',')[1]
  }, color)
}

test('WeChat asks for privacy consent first: refused nothing happens, agreed it goes on', async () => {
  await withPhone('private', async (phone) => {
    await phone.openMe()
    await forgetConsent(phone)
    await phone.tap('给自己起个名字，修改昵称和头像')
    await phone.tap('选择头像')
    await phone.text('隐私保护提示').waitFor()
    await phone.screenshot('privacy')
    await phone.page.locator('.mp-page:not([hidden]) privacy').getByLabel('暂不', { exact: true }).tap()
    await phone.text('隐私保护提示').waitFor({ state: 'detached' })
    assert.equal(await phone.page.evaluate(() => new Promise((done) => { window.wx.getPrivacySetting({ success: ({ needAuthorization }) => done(needAuthorization) }) })), true)
    // After a refusal, the next attempt asks again and continues.
    const chooser = phone.page.waitForEvent('filechooser')
    await phone.tap('选择头像')
    await phone.tap('同意')
    await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(await png(phone, '#4f8fba'), 'base64') })
    await phone.page.waitForFunction(() => document.querySelector('.mp-page:not([hidden]) .head img')?.naturalWidth === 256)
  })
})

test('the guide behind the consent can be read', async () => {
  await withPhone('reader', async (phone) => {
    await phone.openMe()
    await forgetConsent(phone)
    await phone.tap('给自己起个名字，修改昵称和头像')
    await phone.tap('选择头像')
    await phone.tap('《一笔到底隐私保护指引》')
    await phone.text('手机号').waitFor()
    // After the return from it, the dialog is still open.
    await phone.page.locator('.nav-back').tap()
    const chooser = phone.page.waitForEvent('filechooser')
    await phone.tap('同意')
    await chooser
  })
})

test('what the content check says is told where the name and the picture stand', async () => {
  await withPhone('checked', async (phone) => {
    let states = { nickname_state: 'pending', avatar_state: 'pending' }
    await phone.page.route('**/api/v1/me', async (route) => {
      const reply = await route.fetch()
      await route.fulfill({ json: { ...(await reply.json()), ...states } })
    })
    await phone.openMe()
    await phone.text('昵称和头像审核中，通过前只有你看得到').waitFor()
    await phone.screenshot('pending')
    states = { nickname_state: 'rejected', avatar_state: 'passed' }
    await phone.start('pages/me/me')
    await phone.text('昵称没有通过审核，换一个吧').waitFor()
  })
})

test('a nickname is asked for here, may be put off, and is kept', async () => {
  await withPhone('named', async (phone) => {
    await phone.tap('画廊')
    await phone.tap('我')
    await phone.tap('给自己起个名字，修改昵称和头像')
    await phone.screenshot('profile')
    await phone.tap('取消')
    await phone.tap('给自己起个名字，修改昵称和头像')
    await phone.button('昵称').fill('小艾')
    await phone.tap('保存')
    await phone.text('小艾').waitFor()
    const api = await server.client('named')
    assert.equal((await api('GET', '/me')).nickname, '小艾')
    // The page explains the server's rejection and keeps the input.
    await phone.tap('小艾，修改昵称和头像')
    await phone.button('昵称').fill('小\u202e艾')
    await phone.tap('保存')
    await phone.text('有不能用的字符').waitFor()
    await phone.tap('知道了')
    assert.equal(await phone.button('昵称').inputValue(), '小\u202e艾')
    // An empty nickname is removed.
    await phone.button('昵称').fill('')
    await phone.tap('保存')
    await phone.text('给自己起个名字').waitFor()
    assert.equal((await api('GET', '/me')).nickname, '')
  })
})

test('out of reach, nothing is told that is not known', async () => {
  await withPhone('blind', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.tap('画廊')
    await phone.toggleNetwork()
    await phone.tap('我')
    await phone.text('没有网络，账号信息暂时看不到').waitFor()
    await phone.screenshot('me-offline')
    assert.equal(await phone.text('未绑定').count(), 0)
    assert.equal(await phone.page.locator('.mp-page:not([hidden]) .bar').count(), 0)
    await phone.tap('最近删除')
    await phone.text('没有网络').waitFor()
    await phone.screenshot('bin-offline')
    assert.equal(await phone.text('没有删除的画').count(), 0)
    await phone.toggleNetwork()
    await phone.text('没有删除的画').waitFor()
    await phone.back()
    await phone.page.getByText(/^1 幅，/).waitFor()
  })
})

test('the seal of one\'s own is drawn into saved pictures, if one wants it', async () => {
  await withPhone('sealed', async (phone) => {
    const red = async () => phone.page.evaluate(async () => {
      const page = window.getCurrentPages().at(-1)
      const path = await page.selectComponent('#picture').file(page.drawing)
      const bitmap = await createImageBitmap(await (await fetch(path)).blob())
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
      const context = canvas.getContext('2d')
      context.drawImage(bitmap, 0, 0)
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
      let count = 0
      for (let i = 0; i < data.length; i += 4) if (data[i] === 0xad && data[i + 1] === 0x3a && data[i + 2] === 0x29) count += 1
      return { width: bitmap.width, share: count / (bitmap.width * bitmap.height) }
    })
    await phone.openMe()
    await phone.tap('给自己起个名字，修改昵称和头像')
    await phone.button('昵称').fill('小艾')
    await phone.tap('保存')
    await phone.text('小艾').waitFor()
    await phone.start()
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    assert.equal((await red()).share, 0)
    await phone.openMe()
    await phone.tap('落款')
    await phone.start()
    const { width, share } = await red()
    assert.equal(width, 1080)
    assert.ok(share > 0.003 && share < 0.03, String(share))
  })
})
