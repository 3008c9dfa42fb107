const assert = require('node:assert/strict')
const { test } = require('node:test')

const { createHttp, Failure } = require('../lib/http')
const { bindPhone, phoneRequest } = require('../lib/phone')
const { Session, RENEW_EVERY } = require('../lib/session')
const { Api } = require('../lib/api')
const { fakeWx } = require('./fakes')

const user = { id: 'u1', nickname: '', created_at: '2026-01-01T00:00:00Z' }

/** A server's session routes, as far as a client sees them. */
function setup(overrides = {}) {
  let now = 1_000_000
  let issued = 0
  const good = new Set()
  const routes = {
    'POST /session': () => {
      issued += 1
      good.add(`token-${issued}`)
      return { statusCode: 200, data: { token: `token-${issued}`, expires_in: 7200, user } }
    },
    'POST /session/renew': () => routes['POST /session'](),
    'GET /me': ({ header }) => {
      const token = (header.Authorization || '').slice('Bearer '.length)
      return good.has(token) ? { statusCode: 200, data: user } : { statusCode: 401, data: { code: 'unauthenticated', request_id: 'abcdef0123' } }
    },
    'DELETE /session': () => ({ statusCode: 204 }),
    ...overrides,
  }
  const wx = fakeWx((options) => routes[`${options.method} ${options.url.replace('https://x/api/v1', '')}`](options))
  const http = createHttp({ wx, origin: 'https://x' })
  const session = new Session({ wx, http, now: () => now })
  const api = new Api({ wx, config: { api: 'https://x', upload: 'https://up.example.com', download: 'https://files.example.com' }, session, http })
  const count = (route) => wx.requests.filter(({ method, url }) => `${method} ${url.replace('https://x/api/v1', '')}` === route).length
  return { wx, session, api, good, count, routes, pass: (ms) => { now += ms } }
}

test('parallel first requests share one sign-in', async () => {
  const { api, wx, count } = setup()
  await Promise.all(Array.from({ length: 8 }, () => api.me()))
  assert.equal(wx.logins, 1)
  assert.equal(count('POST /session'), 1)
  assert.equal(JSON.parse(wx.requests[0].data).device, 'Xiaomi 14')
})

test('a token survives the app and is renewed without wx.login', async () => {
  const first = setup()
  await first.api.me()
  const { session, wx, count, pass } = first
  pass(7200_000 - 60_000)
  assert.equal(await session.token(), 'token-2')
  assert.equal(count('POST /session/renew'), 1)
  assert.equal(wx.logins, 1)
  const again = new Session({ wx, http: createHttp({ wx, origin: 'https://x' }), now: () => session.saved.renewed })
  assert.equal(await again.token(), 'token-2')
  assert.equal(again.user.id, 'u1')
})

test('a revoked token costs one sign-in, also under parallel requests', async () => {
  const { api, good, wx } = setup()
  await api.me()
  good.clear()
  await Promise.all([api.me(), api.me(), api.me()])
  assert.equal(wx.logins, 2)
})

test('a server that refuses every token is asked twice, not for ever', async () => {
  const { api, wx, count } = setup({ 'GET /me': () => ({ statusCode: 401, data: { code: 'unauthenticated', request_id: 'abcdef0123' } }) })
  await assert.rejects(api.me(), (error) => error instanceof Failure && error.kind === 'signin' && error.requestId === 'abcdef0123')
  assert.equal(count('GET /me'), 2)
  assert.equal(wx.logins, 2)
})

test('a spent code is replaced once', async () => {
  let tries = 0
  const { session, wx, routes } = setup()
  const good = routes['POST /session']
  routes['POST /session'] = () => {
    tries += 1
    return tries === 1 ? { statusCode: 401, data: { code: 'sign_in_again' } } : good()
  }
  assert.equal(await session.token(), 'token-1')
  assert.equal(wx.logins, 2)

  const hopeless = setup({ 'POST /session': () => ({ statusCode: 401, data: { code: 'sign_in_again' } }) })
  await assert.rejects(hopeless.session.token(), { kind: 'signin' })
  assert.equal(hopeless.wx.logins, 2)
})

test('after a lost reply the same code is sent again', async () => {
  let tries = 0
  const { session, wx, routes } = setup()
  const good = routes['POST /session']
  routes['POST /session'] = () => ((tries += 1) === 1 ? 'lost' : good())
  await session.token()
  assert.equal(wx.logins, 1)
  assert.deepEqual(wx.requests.map(({ data }) => JSON.parse(data).code), ['code-1', 'code-1'])
})

test('a failed sign-in is remembered for as long as the server says, and no longer', async () => {
  let down = true
  const { session, wx, routes, pass } = setup()
  const good = routes['POST /session']
  routes['POST /session'] = () => (down ? { statusCode: 503, data: { code: 'wechat_unavailable' }, header: { 'Retry-After': '30' } } : good())
  for (let i = 0; i < 5; i += 1) await assert.rejects(session.token(), { kind: 'wait', retryAfter: 30 })
  assert.equal(wx.logins, 1)
  down = false
  pass(29_000)
  await assert.rejects(session.token(), { kind: 'wait' })
  pass(1_000)
  assert.equal(await session.token(), 'token-1')
})

test('a blocked user is not signed in again and again', async () => {
  const { session, wx, pass } = setup({ 'POST /session': () => ({ statusCode: 403, data: { code: 'user_blocked' } }) })
  await assert.rejects(session.token(), { kind: 'blocked' })
  pass(3600_000)
  await assert.rejects(session.token(), { kind: 'blocked' })
  assert.equal(wx.logins, 1)
})

test('a renewal that fails for a passing reason keeps the good token', async () => {
  const { session, pass, routes, wx } = setup()
  await session.token()
  routes['POST /session/renew'] = () => 'lost'
  pass(7200_000 - 60_000)
  assert.equal(await session.token(), 'token-1')
  routes['POST /session/renew'] = () => ({ statusCode: 401, data: { code: 'unauthenticated' } })
  assert.equal(await session.token(), 'token-2')
  assert.equal(wx.logins, 2)
})

test('the loop renews every 20 minutes while the app is open, and not when it is hidden', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { session, count, pass } = setup()
  await session.token()
  session.start()
  for (let turn = 1; turn <= 3; turn += 1) {
    pass(RENEW_EVERY)
    t.mock.timers.tick(RENEW_EVERY)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(count('POST /session/renew'), turn)
  }
  session.stop()
  t.mock.timers.tick(10 * RENEW_EVERY)
  assert.equal(count('POST /session/renew'), 3)
})

test('signing out stays signed out until the user comes back', async () => {
  const { session, api, count, wx } = setup()
  await api.me()
  await session.signOut()
  assert.equal(count('DELETE /session'), 1)
  await assert.rejects(api.me(), { kind: 'signed_out', code: 'signed_out' })
  assert.equal(wx.logins, 1)
  const restarted = new Session({ wx, http: createHttp({ wx, origin: 'https://x' }) })
  await assert.rejects(restarted.token(), { code: 'signed_out' })
  assert.equal(await restarted.resume(), 'token-2')
})

test('a sign-in to an account that is being closed changes nothing until the user taps', async () => {
  let closing = true
  const { session, api, wx, routes, good } = setup()
  const open = routes['POST /session']
  routes['POST /session'] = (options) => {
    if (closing && !JSON.parse(options.data).reopen) return { statusCode: 409, data: { code: 'account_closing', erase_at: '2026-12-05T08:00:00Z' } }
    closing = false
    return open()
  }
  await assert.rejects(api.me(), { kind: 'signed_out', code: 'account_closing', eraseAt: '2026-12-05T08:00:00Z' })
  await assert.rejects(api.me(), { code: 'account_closing' })
  assert.equal(wx.logins, 1)
  // Neither a restart nor an ordinary sign-in takes the closing back.
  const again = new Session({ wx, http: createHttp({ wx, origin: 'https://x' }) })
  await assert.rejects(again.token(), { code: 'account_closing', eraseAt: '2026-12-05T08:00:00Z' })
  await assert.rejects(again.resume(), { code: 'account_closing' })
  assert.ok(closing)
  assert.equal(await session.resume({ reopen: true }), 'token-1')
  assert.deepEqual([closing, session.left, good.size], [false, null, 1])
})

test('a session that was ended from another device stays ended until the user taps', async () => {
  const { session, api, wx, routes } = setup()
  await api.me()
  const me = routes['GET /me']
  routes['GET /me'] = () => ({ statusCode: 401, data: { code: 'session_ended' } })
  await assert.rejects(api.me(), { kind: 'signed_out', code: 'session_ended' })
  await assert.rejects(api.me(), { code: 'session_ended' })
  assert.equal(wx.logins, 1)
  routes['GET /me'] = me
  await session.resume()
  assert.equal((await api.me()).id, 'u1')
})

test('a renewal of a session that was ended from another device does not sign in', async () => {
  const { session, wx, routes, pass } = setup()
  await session.token()
  routes['POST /session/renew'] = () => ({ statusCode: 401, data: { code: 'session_ended' } })
  pass(7200_000 - 60_000)
  await assert.rejects(session.token(), { code: 'session_ended' })
  assert.equal(wx.logins, 1)
})

test('silence is told apart from a missing network', async () => {
  let online = true
  const { wx } = setup({ 'GET /limits': () => 'lost' })
  const http = createHttp({ wx, origin: 'https://x', online: () => online })
  await assert.rejects(http({ method: 'GET', path: '/limits' }), { kind: 'offline', code: 'unreachable' })
  online = false
  await assert.rejects(http({ method: 'GET', path: '/limits' }), { kind: 'offline', code: '' })
})

test('wx.checkSession is asked only before encrypted data is sent, and a stale key means a new sign-in', async () => {
  const { session, wx } = setup()
  let checks = 0
  const check = wx.checkSession
  wx.checkSession = (options) => { checks += 1; check(options) }
  await session.token()
  assert.equal(checks, 0)
  assert.deepEqual(await phoneRequest(session, { code: 'c' }), { code: 'c' })
  assert.equal(await phoneRequest(session, { errMsg: 'getPhoneNumber:fail user deny' }), null)
  assert.equal(await phoneRequest(session, { errMsg: 'getPhoneNumber:fail privacy permission is not authorized' }), null)
  await assert.rejects(phoneRequest(session, { errMsg: 'getPhoneNumber:fail no permission' }), { code: 'phone_not_given' })
  assert.equal(checks, 0)
  const given = { encryptedData: 'e', iv: 'i' }
  assert.deepEqual(await phoneRequest(session, given), { encrypted_data: 'e', iv: 'i' })
  assert.deepEqual([checks, wx.logins], [1, 1])
  wx.keyIsFresh = false
  await assert.rejects(phoneRequest(session, given), { code: 'session_key_superseded' })
  assert.deepEqual([await session.token(), wx.logins], ['token-2', 2])
  // Without a session the server has no key at all.
  wx.keyIsFresh = true
  session.forget()
  await assert.rejects(phoneRequest(session, given), { code: 'session_key_superseded' })
})

test('a key that was superseded unseen costs a sign-in and a further tap', async () => {
  let tries = 0
  const { session, api, wx } = setup({
    'POST /me/phone': () => {
      tries += 1
      return tries === 1 ? { statusCode: 409, data: { code: 'session_key_superseded' } } : { statusCode: 200, data: {} }
    },
  })
  await session.token()
  const given = { encryptedData: 'e', iv: 'i' }
  await assert.rejects(bindPhone({ session, api }, given), { kind: 'refused', code: 'session_key_superseded' })
  assert.equal(wx.logins, 2)
  assert.equal(await bindPhone({ session, api }, given), true)
  assert.equal(await bindPhone({ session, api }, { errMsg: 'getPhoneNumber:fail user deny' }), false)
  assert.deepEqual([tries, wx.logins], [2, 2])
})

test('a file goes up with the token, its answer is read, and a spent session is renewed once', async () => {
  const { wx, session, api } = setup()
  const sent = []
  let answers = [{ statusCode: 401, data: '{"code":"unauthenticated"}' }, { statusCode: 200, data: '{"avatar_url":"/images/u/avatar/1.jpg"}' }]
  wx.uploadFile = (options) => {
    sent.push([options.url, options.name, options.filePath, options.header.Authorization])
    const answer = answers.shift()
    queueMicrotask(() => (answer ? options.success(answer) : options.fail({ errMsg: 'uploadFile:fail timeout' })))
  }
  const me = await api.setAvatar('wxfile://tmp')
  assert.equal(me.avatar_url, 'https://files.example.com/images/u/avatar/1.jpg')
  assert.deepEqual(sent, [
    ['https://up.example.com/api/v1/me/avatar', 'avatar', 'wxfile://tmp', 'Bearer token-1'],
    ['https://up.example.com/api/v1/me/avatar', 'avatar', 'wxfile://tmp', 'Bearer token-2'],
  ])
  answers = [{ statusCode: 200, data: '{"avatar_url":"https://wx.qlogo.cn/0"}' }]
  assert.equal((await api.setAvatar('wxfile://tmp')).avatar_url, 'https://wx.qlogo.cn/0')
  answers = [{ statusCode: 422, data: '{"code":"invalid_image","request_id":"abc"}' }]
  await assert.rejects(api.setAvatar('x'), { kind: 'refused', code: 'invalid_image', requestId: 'abc' })
  answers = [{ statusCode: 502, data: '<html>' }]
  await assert.rejects(api.setAvatar('x'), { kind: 'wait' })
  await assert.rejects(api.setAvatar('x'), { kind: 'offline' })
  assert.equal(session.failed, null)
})

test('failures are classified by code, then by status', async () => {
  const of = async (reply) => {
    const { api } = setup({ 'GET /me': () => reply })
    return api.me().then(() => null, (error) => error)
  }
  const kinds = {
    wait: [{ statusCode: 429, data: { code: 'rate_limited' }, header: { 'retry-after': '7' } }, { statusCode: 503, data: '<html>' }, { statusCode: 502 }],
    conflict: [{ statusCode: 409, data: { code: 'conflict', base: 2, seq: 9 } }],
    full: [{ statusCode: 409, data: { code: 'storage_full' } }, { statusCode: 422, data: { code: 'drawing_full' } }],
    deleted: [{ statusCode: 410, data: { code: 'drawing_deleted' } }],
    missing: [{ statusCode: 404, data: { code: 'drawing_not_found' } }],
    refused: [{ statusCode: 422, data: { code: 'invalid' } }, { statusCode: 409, data: null }],
    fault: [{ statusCode: 500, data: 'oops' }],
    offline: ['lost'],
  }
  for (const [kind, replies] of Object.entries(kinds)) {
    for (const reply of replies) assert.equal((await of(reply)).kind, kind, JSON.stringify(reply))
  }
  assert.equal((await of(kinds.wait[0])).retryAfter, 7)
  assert.deepEqual([(await of(kinds.conflict[0])).base, (await of(kinds.conflict[0])).seq], [2, 9])
  assert.equal((await of({ statusCode: 500, header: { 'X-Request-Id': 'ffff' } })).requestId, 'ffff')
})

test('picture addresses become absolute on the download server only where they are paths', async () => {
  const page = { drawings: [{ id: 'a', image_url: '/api/v1/images/u/a/1.png?sig=1' }, { id: 'b', image_url: 'https://cdn/x.png' }], next: null }
  const { api, good, routes } = setup()
  routes['GET /drawings?limit=20'] = () => ({ statusCode: 200, data: page })
  const { drawings } = await api.drawings()
  assert.ok(good.size === 1)
  assert.deepEqual(drawings.map((drawing) => drawing.image_url), ['https://files.example.com/api/v1/images/u/a/1.png?sig=1', 'https://cdn/x.png'])
})
