import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launchBrowser, Phone, Server } from './harness.mjs'

let server
let browser
before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const withPhone = (user, run) => Phone.with(browser, server, user, run)
const dialog = (phone, name, answer) => phone.page.getByRole('dialog', { name, exact: true }).getByText(answer, { exact: true }).tap()

async function openMe(phone) {
  await phone.tap('画廊')
  await phone.tap('我')
  await phone.text('这台设备').waitFor()
}

test('space, devices, and ending another one', async () => {
  await withPhone('devices', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    const other = await server.client('devices')
    await openMe(phone)
    await phone.page.getByText(/^1 幅，/).waitFor()
    await phone.screenshot('me')
    await phone.tap('让 test 退出登录')
    await dialog(phone, '让这台设备退出？', '退出')
    await phone.button('让 test 退出登录').waitFor({ state: 'detached' })
    // A server trusts its copy of a session for a second.
    await phone.page.waitForTimeout(1_100)
    assert.equal((await other('GET', '/me')).code, 'unauthenticated')
  })
})

test('signed out stays out until one comes back, and the drawing made meanwhile is saved then', async () => {
  await withPhone('leaver', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await openMe(phone)
    await phone.tap('退出登录')
    await dialog(phone, '退出登录？', '退出')
    await phone.text('还没有登录').waitFor()
    await phone.start()
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('稍后重试，已存本机')
    await phone.tap('画廊')
    await phone.tap('我')
    await phone.tap('登录')
    await phone.text('这台设备').waitFor()
    const api = await server.client('leaver')
    const { drawings } = await api('GET', '/drawings')
    assert.equal(drawings.length, 2)
  })
})

test('an account is deleted only after its phrase was typed', async () => {
  await withPhone('closer', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await openMe(phone)
    await phone.tap('注销账号')
    await phone.tap('永久注销')
    await phone.button('输入注销账号确认').fill('注销账号')
    await phone.screenshot('close-account')
    await phone.tap('永久注销')
    await phone.text('还没有登录').waitFor()
    const api = await server.client('closer')
    assert.deepEqual((await api('GET', '/drawings')).drawings, [])
  })
})

test('an export is offered as a file', async () => {
  await withPhone('export', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await openMe(phone)
    const download = phone.page.waitForEvent('download')
    await phone.tap('导出全部')
    assert.equal((await download).suggestedFilename(), '一笔到底.zip')
  })
})
