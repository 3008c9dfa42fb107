// Sign-out and account deletion, and their effect on other phones of the user.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { server, withPhone } = await launch()

test('an account is closed only after its phrase was typed, and opened again by a tap alone', async () => {
  await withPhone('closer', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    const other = await server.client('closer')
    await phone.openMe()
    await phone.tap('注销账号')
    // Without the phrase the button is disabled, and a tap on it does nothing.
    await phone.button('确认注销').tap({ force: true })
    await phone.button('输入注销账号确认').fill('注销账号')
    await phone.screenshot('close-account')
    await phone.tap('确认注销')
    await phone.text('账号正在注销').waitFor()
    await phone.page.getByText(/^\d+ 月 \d+ 日 \d\d:\d\d 彻底删除。/).waitFor()
    await phone.screenshot('account-closing')
    await phone.page.waitForTimeout(1_100)
    assert.ok((await other('GET', '/me')).code)
    // The app does not sign in at the start.
    const logins = []
    phone.page.on('request', (request) => { if (request.url().endsWith('/dev/wx/login')) logins.push(request) })
    await phone.start('pages/gallery/gallery')
    await phone.text('账号正在注销，这里只有本机上的画').waitFor()
    await phone.text('还没有画').waitFor()
    assert.equal(logins.length, 0)
    await phone.start('pages/me/me')
    await phone.tap('取消注销并登录')
    await phone.page.getByText(/^1 幅，/).waitFor()
  })
})

test('another phone of an account that is being closed changes nothing and offers the way back', async () => {
  await withPhone('closed', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    const other = await server.client('closed')
    await other('DELETE', '/me')
    await phone.page.waitForTimeout(1_100)
    const attempts = []
    phone.page.on('request', (request) => { if (request.url().endsWith('/api/v1/session') && request.method() === 'POST') attempts.push(request.postDataJSON()) })
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('账号注销中，只存本机')
    await phone.tap('画廊')
    await phone.text('账号正在注销，这里只有本机上的画').waitFor()
    await phone.tap('我')
    await phone.text('账号正在注销').waitFor()
    await phone.start('pages/gallery/gallery')
    await phone.text('账号正在注销，这里只有本机上的画').waitFor()
    assert.deepEqual(attempts.map(({ reopen }) => reopen), [undefined])
    // A tap reopens the account and saves the strokes drawn meanwhile.
    await phone.tap('取消注销')
    await phone.text('账号正在注销，这里只有本机上的画').waitFor({ state: 'detached' })
    assert.deepEqual(attempts.map(({ reopen }) => reopen), [undefined, true])
    const api = await server.client('closed')
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).services.studio.drafts().length === 0)
    const [{ id }] = (await api('GET', '/drawings')).drawings
    assert.equal((await api('GET', `/drawings/${id}`)).actions.length, 2)
  })
})

test('a device that was made to sign out stays out until its user taps', async () => {
  await withPhone('ended', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    const api = await server.client('ended')
    for (const { id, current } of (await api('GET', '/me/sessions')).sessions) if (!current) await api('DELETE', `/me/sessions/${id}`)
    await phone.page.waitForTimeout(1_100)
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('未登录，只存本机')
    assert.equal((await api('GET', '/me/sessions')).sessions.length, 1)
    await phone.start('pages/me/me')
    await phone.text('这台设备已退出登录').waitFor()
    await phone.screenshot('session-ended')
    assert.equal((await api('GET', '/me/sessions')).sessions.length, 1)
    await phone.tap('登录')
    await phone.text('这台设备').waitFor()
    assert.equal((await api('GET', '/me/sessions')).sessions.length, 2)
  })
})
