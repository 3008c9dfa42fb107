import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { server, withPhone } = await launch()

const BIND = '用微信的手机号绑定'
/** WeChat's permission dialog of the button. */
const allow = (phone, answer = '允许') => phone.answer('“一笔到底”申请', answer)

test('a phone number is asked for here, may be refused, is shown masked and can be removed', async () => {
  await withPhone('caller', async (phone) => {
    await phone.openMe()
    await phone.tap('绑定手机号')
    await phone.screenshot('phone')
    await phone.tap(BIND)
    await allow(phone, '不允许')
    await phone.tap('暂不')
    await phone.button('绑定手机号').waitFor()
    await phone.tap('绑定手机号')
    await phone.tap(BIND)
    await allow(phone)
    const row = phone.page.locator('.mp-page:not([hidden])').getByLabel(/^手机号 138\*{4}\d{4}$/)
    await row.first().waitFor()
    const { phone: masked } = await (await server.client('caller'))('GET', '/me')
    assert.equal(await row.first().getAttribute('aria-label'), `手机号 ${masked}`)
    await row.first().tap()
    await phone.screenshot('phone-bound')
    await phone.tap('移除手机号')
    await phone.button('绑定手机号').waitFor()
    assert.equal((await (await server.client('caller'))('GET', '/me')).phone, undefined)
  })
})

test('the number of 2018 is sent only while WeChat says that its key holds', async () => {
  await withPhone('old', async (phone) => {
    await phone.openMe()
    await phone.page.route('**/dev/wx/phone', async (route) => {
      const reply = await route.fetch()
      await route.fulfill({ json: { ...(await reply.json()), code: undefined } })
    })
    const sent = []
    phone.page.on('request', (request) => { if (request.url().endsWith('/me/phone')) sent.push(Object.keys(request.postDataJSON())) })
    await phone.page.evaluate(() => {
      window.check = window.wx.checkSession
      window.wx.checkSession = ({ fail }) => fail({ errMsg: 'checkSession:fail' })
    })
    await phone.tap('绑定手机号')
    await phone.tap(BIND)
    await allow(phone)
    await phone.text('微信登录刚更新过').waitFor()
    assert.deepEqual(sent, [])
    await phone.tap('知道了')
    await phone.page.evaluate(() => { window.wx.checkSession = window.check })
    await phone.tap(BIND)
    await allow(phone)
    await phone.page.locator('.mp-page:not([hidden])').getByLabel(/^手机号 138\*{4}\d{4}$/).first().waitFor()
    assert.deepEqual(sent, [['encrypted_data', 'iv']])
  })
})
