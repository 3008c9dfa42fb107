const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Failure } = require('../lib/http')
const { DEFAULTS, Limits } = require('../lib/limits')
const { createPrivacy } = require('../lib/privacy')
const theme = require('../lib/theme')
const { STATE_WORDS, closingWords, stateWords, dateWords, failureWords, reviewWords, sizeWords } = require('../lib/words')
const { fakeStorage } = require('./fakes')

test('a failure is told by its code, then by its kind, with the first eight of its number', () => {
  const of = (kind, about) => failureWords(new Failure(kind, about))
  assert.equal(of('full', { code: 'storage_full', requestId: '0123456789abcdef' }).number, '01234567')
  assert.notEqual(of('full', { code: 'storage_full' }).title, of('full', { code: 'drawing_full' }).title)
  assert.equal(of('refused', { code: 'never_heard_of' }).title, of('refused').title)
  assert.equal(of('offline').number, '')
  for (const words of Object.values(STATE_WORDS)) assert.match(words, /[\u4e00-\u9fff]/)
})

test('strokes that only the memory holds are told as such', () => {
  assert.equal(stateWords('offline', true), '手机存储已满、没有网络：这几笔还没有保存，先别关闭')
  assert.equal(stateWords('refused', true), '手机存储已满：这几笔还没有保存，先别关闭')
  assert.equal(stateWords('saving', true), '手机存储已满，正在上传')
  assert.equal(stateWords('offline', false), '离线，已存本机')
})

test('an account that is being closed says until when, and afterwards that it is gone', () => {
  const at = new Date(2026, 11, 5, 8, 30)
  const { title, text } = closingWords(at.toISOString(), at.getTime() - 1000)
  assert.equal(title, '账号正在注销')
  assert.match(text, /^12 月 5 日 08:30 /)
  assert.equal(closingWords(at.getTime(), at.getTime()).title, '账号已注销')
  assert.equal(failureWords(new Failure('signed_out', { code: 'account_closing' })).title, '账号正在注销')
})

test('sizes and dates read as one says them', () => {
  assert.deepEqual([0, 1023, 1536, 3 * 1024 * 1024].map(sizeWords), ['0 B', '1023 B', '1.5 KB', '3.0 MB'])
  const now = new Date(2026, 10, 20, 18, 30).getTime()
  const at = (...date) => dateWords(new Date(...date).getTime(), now)
  assert.equal(at(2026, 10, 20, 18, 29, 40), '刚刚')
  assert.equal(at(2026, 10, 20, 18, 5), '25 分钟前')
  assert.equal(at(2026, 10, 20, 9, 5), '今天 09:05')
  assert.equal(at(2026, 2, 3, 9, 5), '3 月 3 日')
  assert.equal(at(2025, 11, 31), '2025 年 12 月 31 日')
  // A phone whose clock is behind the server's.
  assert.equal(dateWords(now + 90_000, now), '刚刚')
})

test('the content check speaks only where it has something to say', () => {
  assert.equal(reviewWords({}), '')
  assert.equal(reviewWords({ nickname_state: 'passed', avatar_state: null }), '')
  assert.equal(reviewWords({ nickname_state: 'pending', avatar_state: 'pending' }), '昵称和头像审核中，通过前只有你看得到')
  assert.equal(reviewWords({ nickname_state: 'rejected', avatar_state: 'pending' }), '头像审核中，通过前只有你看得到；昵称没有通过审核，换一个吧')
})

test('the colours beside the tools keep their places, and the one used longest ago makes room', () => {
  let recent = { slots: ['#1', '#2', '#3'], used: [] }
  const use = (color) => { recent = theme.withRecent(recent, color) }
  for (const color of ['#1', '#2', '#3', '#1']) use(color)
  assert.deepEqual(recent.slots, ['#1', '#2', '#3'])
  use('#4')
  assert.deepEqual(recent.slots, ['#1', '#4', '#3'])
  use('#5')
  assert.deepEqual(recent.slots, ['#1', '#4', '#5'])
  use('#4')
  assert.deepEqual([recent.slots, recent.used[0]], [['#1', '#4', '#5'], '#4'])
})

test('a mixed colour is what its scales say', () => {
  for (const { color } of [...theme.COLORS, ...theme.BACKGROUNDS]) assert.equal(theme.fromHsl(...theme.toHsl(color)), color)
  assert.equal(theme.fromHsl(120, 1, 0.5), '#00ff00')
  assert.deepEqual(theme.toHsl('#0000ff'), [240, 1, 0.5])
})

test('a change of the paper that hides strokes is noticed', () => {
  const strokes = [{ color: '#22211f', width: 10, points: [] }]
  assert.ok(theme.losesStrokes(strokes, '#ffffff', '#24282e'))
  assert.ok(!theme.losesStrokes(strokes, '#ffffff', '#faf5e9'))
  assert.ok(!theme.losesStrokes([{ ...strokes[0], tool: 'eraser' }], '#ffffff', '#24282e'))
  assert.ok(!theme.losesStrokes(strokes, '#24282e', '#24282e'))
})

test('on a paper of its own lightness a pen becomes one that shows', () => {
  const [black] = theme.COLORS.map(({ color }) => color)
  assert.equal(theme.visibleOn(black, '#ffffff'), black)
  assert.equal(theme.visibleOn('#e3b23c', '#24282e'), '#e3b23c')
  assert.equal(theme.nameOf(theme.visibleOn(black, '#24282e')), '铅白')
  assert.equal(theme.visibleOn(theme.visibleOn(black, '#24282e'), '#ffffff'), black)
  for (const { color: paper } of theme.BACKGROUNDS) {
    for (const { color } of theme.COLORS) assert.notEqual(theme.visibleOn(color, paper), paper)
  }
})

test('twelve colours, four widths and three papers, all named and all valid on the wire', () => {
  assert.equal(theme.COLORS.length, 12)
  assert.equal(theme.WIDTHS.length, 4)
  const names = [...theme.COLORS, ...theme.BACKGROUNDS, ...theme.WIDTHS].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const { color } of [...theme.COLORS, ...theme.BACKGROUNDS]) assert.match(color, /^#[0-9a-f]{6}$/)
  for (const { width } of theme.WIDTHS) assert.ok(width >= 1 && width * theme.ERASER_FACTOR <= 512)
  for (const { width, height } of theme.SIZES) for (const side of [width, height]) assert.ok(side >= 2048 && side <= 8192)
  assert.equal(theme.nameOf('#123456'), '#123456')
})

test('limits are the server\'s where it says something sensible', async () => {
  const wx = fakeStorage()
  const api = { limits: async () => ({ one_stroke_length: 100, title_chars: -1, coordinate_factor: '9', other: 3 }) }
  const limits = new Limits({ wx, api })
  assert.deepEqual(limits.now, DEFAULTS)
  await limits.refresh()
  assert.deepEqual(limits.now, { ...DEFAULTS, one_stroke_length: 100 })
  assert.deepEqual(new Limits({ wx, api }).now, limits.now)
})

test('every privacy question is answered once, and at once where no page can ask', () => {
  let need
  const privacy = createPrivacy({ wx: { onNeedPrivacyAuthorization: (listener) => { need = listener } } })
  const answers = []
  const exposed = []
  const ask = () => need((answer) => (answer.event === 'exposureAuthorization' ? exposed : answers).push(answer))
  ask()
  assert.deepEqual(answers, [{ event: 'disagree' }])
  let shown = 0
  privacy.attach(() => { shown += 1 })
  ask()
  ask()
  assert.deepEqual([shown, exposed.length], [2, 2])
  privacy.agree('agree')
  privacy.disagree()
  assert.deepEqual(answers.slice(1), [{ event: 'agree', buttonId: 'agree' }, { event: 'agree', buttonId: 'agree' }])
})
