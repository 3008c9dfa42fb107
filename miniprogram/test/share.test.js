const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Api } = require('../lib/api')
const { Entry } = require('../lib/entry')
const { createHttp, failureOf } = require('../lib/http')
const { Player } = require('../lib/player')
const { PAUSES, Poll } = require('../lib/poll')
const { Session } = require('../lib/session')
const { COVER, appCard, codeOf, filmOf, isChecking, isLive, shareCard } = require('../lib/share')
const { REASONS, shareWords, visitorWords } = require('../lib/words')
const { fakeTime, fakeWx, settle, stroke } = require('./fakes')

const CODE = '0123456789ab'
const share = (about) => ({ code: CODE, state: 'shown', shown_seq: 3, checking_seq: null, reason: null, url: `https://x/s/${CODE}`, created_at: '', ...about })

function makeApi(answer) {
  const wx = fakeWx(answer)
  const config = { api: 'https://x', upload: 'https://x', download: 'https://x' }
  const http = createHttp({ wx, origin: config.api })
  const session = new Session({ wx, http })
  return { wx, session, api: new Api({ wx, config, session, http }) }
}

test('a page knows its share by a card or a code, decoded once or by the phone already', () => {
  assert.equal(codeOf({ code: CODE }), CODE)
  assert.equal(codeOf({ scene: encodeURIComponent(CODE) }), CODE)
  assert.equal(codeOf({ scene: '%30123456789ab' }), CODE)
  for (const query of [undefined, {}, { code: '' }, { scene: '%' }, { scene: '%E4' }, { code: '%2530123456789ab' },
    { code: `${CODE}0` }, { code: CODE.toUpperCase() }, { code: 'iloui01ou01l' }, { code: '../../../../' }]) assert.equal(codeOf(query), '', JSON.stringify(query))
})

test('a card shows the picture only once it was passed, and otherwise the standard cover', () => {
  assert.deepEqual(shareCard(CODE, '').imageUrl, COVER)
  assert.deepEqual(shareCard(CODE, 'https://x/p.png', '三棵树'), { title: '三棵树', path: `/pages/share/share?code=${CODE}`, imageUrl: 'https://x/p.png' })
  assert.equal(appCard().imageUrl, COVER)
})

test('a share is live while others can find it, and its check is awaited while it lasts', () => {
  assert.deepEqual(['checking', 'shown', 'held', 'removed', 'revoked'].map((state) => isLive(share({ state }))), [true, true, true, false, false])
  assert.ok(!isLive(null))
  assert.ok(isChecking(share({ state: 'checking', checking_seq: 3 })))
  assert.ok(isChecking(share({ checking_seq: 5 })))
  assert.ok(!isChecking(share()))
  assert.ok(!isChecking(share({ state: 'held', checking_seq: 3 })))
})

test('the author is told each state of the share, with the reason', () => {
  const titles = [share(), share({ checking_seq: 5 }), share({ reason: 2 }), ...['checking', 'held', 'removed', 'revoked'].map((state) => share({ state, reason: 1 }))].map((one) => shareWords(one).title)
  assert.equal(new Set(titles).size, titles.length)
  assert.match(shareWords(share({ state: 'removed', reason: 1 })).title, /色情低俗/)
  assert.match(shareWords(share({ reason: 2 })).title, /违法/)
  assert.equal(shareWords(share({ state: 'removed', reason: 99 })).title, '没有通过检查')
  assert.equal(REASONS.length, 6)
})

test('a visitor without a picture is told why, and offered another try only where one may help', () => {
  const of = (status, body) => visitorWords(failureOf(status, body, {}))
  assert.deepEqual([visitorWords(null).title, visitorWords(null).text], ['正在确认', '通过后自动播放'])
  assert.deepEqual([of(410, '').title, of(410, '').again], ['这幅画已收回', false])
  assert.deepEqual([of(404, {}).title, of(404, { code: 'sharing_off' }).title, of(404, {}).again], ['没有找到这幅画', '没有找到这幅画', false])
  assert.ok(of(503, {}).again)
})

test('an entry leads to a share once, and only by the page of shares', () => {
  const wx = { entry: { path: 'pages/share/share', query: { code: CODE }, scene: 1007 }, getEnterOptionsSync: () => wx.entry }
  const entry = new Entry({ wx })
  assert.deepEqual([entry.single, entry.code, entry.take(), entry.take(), entry.code], [false, CODE, CODE, '', CODE])
  wx.entry = { path: 'pages/share/share', query: { scene: 'ba9876543210' }, scene: 1047 }
  assert.deepEqual([entry.take(), entry.take()], ['ba9876543210', ''])
  wx.entry = { path: 'pages/draw/draw', query: { code: CODE }, scene: 1001 }
  assert.deepEqual([entry.code, entry.take()], ['', ''])
  wx.entry = { path: 'pages/share/share', query: { code: CODE }, scene: 1154 }
  assert.deepEqual([entry.single, entry.take()], [true, CODE])
})

test('a check is asked about less and less often, and anew from the shortest pause', async () => {
  const time = fakeTime()
  let asked = 0
  const poll = new Poll(() => {
    asked += 1
    poll.later()
  }, time)
  poll.later()
  const pauses = []
  for (let i = 0; i < PAUSES.length + 2; i += 1) {
    pauses.push(time.due[0])
    await time.pass(time.due[0])
  }
  assert.deepEqual(pauses, [...PAUSES, PAUSES.at(-1), PAUSES.at(-1)])
  assert.equal(asked, pauses.length)
  poll.stop()
  assert.deepEqual(time.due, [])
  poll.later()
  assert.deepEqual(time.due, [PAUSES[0]])
})

test('the share that led here goes with the first sign-in, the earliest one and no second time', async () => {
  const { wx, session } = makeApi(() => ({ statusCode: 200, data: { token: 't', expires_in: 7200, user: { id: 'u', nickname: '', created_at: '' } } }))
  session.cameFrom('')
  session.cameFrom(CODE)
  session.cameFrom('ba9876543210')
  await session.token()
  assert.equal(JSON.parse(wx.requests[0].data).from, CODE)
  session.cameFrom('ba9876543210')
  session.forget()
  await session.token()
  assert.equal(JSON.parse(wx.requests[1].data).from, undefined)
})

test('what everybody sees is asked for without a token, and a check that goes on is no picture', async () => {
  let reply = { statusCode: 202, data: { state: 'checking' } }
  const { wx, api } = makeApi(() => reply)
  assert.equal(await api.shared(CODE), null)
  assert.deepEqual([wx.requests[0].url, wx.requests[0].header.Authorization, wx.logins], [`https://x/s/${CODE}.json`, undefined, 0])
  reply = { statusCode: 200, data: { code: CODE, author: { id: 'u', nickname: '', avatar_url: '/a.png' } } }
  assert.equal((await api.shared(CODE)).author.avatar_url, 'https://x/a.png')
  reply = { statusCode: 410, data: '<html>' }
  await assert.rejects(api.shared(CODE), { status: 410 })
})

test('a drawing that is not shared has no share; with sharing off there is a failure', async () => {
  let data = { code: 'share_not_found' }
  const { api, session } = makeApi(() => ({ statusCode: 404, data }))
  Object.assign(session, { saved: { token: 't', user: {}, renewed: Date.now(), expires: Date.now() + 7_200_000 } })
  assert.equal(await api.shareOf('a'), null)
  data = { code: 'sharing_off' }
  await assert.rejects(api.shareOf('a'), { code: 'sharing_off' })
})

test('a report goes by the account where there is one, and by the form of the page otherwise', async () => {
  const { wx, api, session } = makeApi(() => ({ statusCode: 204, data: '' }))
  await api.report(CODE, { reason: 3, note: '' }, true)
  assert.deepEqual([wx.requests[0].url, wx.requests[0].data, wx.requests[0].header['Content-Type']], [`https://x/s/${CODE}/report`, { reason: 3 }, 'application/x-www-form-urlencoded'])
  Object.assign(session, { saved: { token: 't', user: {}, renewed: Date.now(), expires: Date.now() + 7_200_000 } })
  await api.report(CODE, { reason: 6, note: '抄我的' }, false)
  await settle()
  assert.deepEqual([wx.requests[1].url, JSON.parse(wx.requests[1].data)], [`https://x/api/v1/shares/${CODE}/reports`, { reason: 6, note: '抄我的' }])
})

test('a shared drawing plays on its own paper from the first moment', () => {
  const film = filmOf({ width: 2048, height: 2731, background: '#24282e', strokes: [{ ...stroke(5), type: undefined }] })
  const player = new Player(film.actions, film.background)
  assert.equal(player.seek(-1).picture.background, '#24282e')
  assert.equal(player.seek(player.duration).picture.strokes.length, 1)
  assert.equal(player.seek(0).picture.background, '#24282e')
})
