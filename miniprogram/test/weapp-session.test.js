const assert = require('node:assert/strict')
const { test } = require('node:test')

const { createWeappSession, MAGIC } = require('../lib/weapp-session')
const { fakeWx } = require('./fakes')

const magic = (reason) => ({ statusCode: 200, data: { [MAGIC]: 1, reason, error: { message: 'said the server' } } })
const fine = { statusCode: 200, data: { code: 0, msg: 'success', data: [] } }
const ask = (session, options = {}) => new Promise((success, fail) => {
  session.request({ url: 'https://x/applet/session/paints/list', ...options, success, fail })
})

test('the first request signs in with three headers, later ones bring the code alone', async () => {
  const wx = fakeWx(() => fine)
  const session = createWeappSession({ wx })
  assert.deepEqual((await ask(session, { header: { 'X-Own': '1' }, method: 'POST', data: { id: 'p' } })).data, fine.data)
  await ask(session)
  assert.deepEqual(wx.requests[0].header, {
    'X-Own': '1',
    'X-WX-Code': 'code-1',
    'X-WX-RawData': encodeURIComponent('{"nickName":"微信用户"}'),
    'X-WX-Signature': 'ab12',
  })
  assert.equal(wx.requests[0].method, 'POST')
  assert.deepEqual(wx.requests[1].header, { 'X-WX-Code': 'code-1' })
  await ask(createWeappSession({ wx }))
  assert.deepEqual(wx.requests[2].header, { 'X-WX-Code': 'code-1' })
  assert.equal(wx.logins, 1)
})

test('an expired session is signed in anew, at most four tries in all', async () => {
  const wx = fakeWx((_, n) => (n <= 2 ? magic('ERR_SESSION_EXPIRED') : fine))
  assert.deepEqual((await ask(createWeappSession({ wx }))).data, fine.data)
  assert.equal(wx.logins, 3)

  const hopeless = fakeWx(() => magic('ERR_SESSION_KEY_EXCHANGE_FAILED'))
  await assert.rejects(ask(createWeappSession({ wx: hopeless })), { reason: 'ERR_SESSION_KEY_EXCHANGE_FAILED', message: 'said the server' })
  assert.equal(hopeless.requests.length, 4)
})

test('any other refusal of the session fails at once', async () => {
  const wx = fakeWx(() => magic('ERR_UNTRUSTED_RAW_DATA'))
  await assert.rejects(ask(createWeappSession({ wx })), { reason: 'ERR_UNTRUSTED_RAW_DATA' })
  assert.equal(wx.requests.length, 1)
})

test('parallel first requests share one code, and one expiry', async () => {
  const wx = fakeWx(({ header }) => (header['X-WX-Code'] === 'code-1' ? magic('ERR_SESSION_EXPIRED') : fine))
  const session = createWeappSession({ wx })
  await Promise.all([ask(session), ask(session), ask(session)])
  assert.equal(wx.logins, 2)
})

test('a failed wx.login and a lost request reach fail and complete', async () => {
  const wx = fakeWx(() => 'lost')
  let completed = 0
  await assert.rejects(ask(createWeappSession({ wx }), { complete: () => { completed += 1 } }), { errMsg: 'request:fail timeout' })
  wx.login = ({ fail }) => fail({ errMsg: 'login:fail' })
  await assert.rejects(ask(createWeappSession({ wx }), { complete: () => { completed += 1 } }), { reason: 'ERR_LOGIN_FAILED' })
  assert.equal(completed, 2)
})
