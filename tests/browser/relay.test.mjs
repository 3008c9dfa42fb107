// 一笔接龙 and 一起画: several people draw on one paper, each on a phone of their own, without a socket.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'
import { stroke, until } from './sharing.mjs'

const INK = '#22211f'
const RED = '#c8412f'
const { server, withPhone } = await launch()

/** Runs a test with several phones. @param {string[]} users @param {(...phones: import('./harness.mjs').Phone[]) => Promise<void>} run @param {object} [options] */
async function withPhones([user, ...others], run, options) {
  await withPhone(user, (phone) => (others.length ? withPhones(others, (...more) => run(phone, ...more), options) : run(phone)), options)
}

/** The room's page in the app. @param {string} code */
const landing = (code) => `pages/relay/relay?code=${code}`
/** The code of the room that a phone shows. @param {import('./harness.mjs').Phone} phone */
const codeOf = (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).room.code)
/** Waits until a phone's page is in a phase. @param {import('./harness.mjs').Phone} phone @param {string} phase */
const inPhase = (phone, phase) => phone.page.waitForFunction((wanted) => window.getCurrentPages().at(-1).data.phase === wanted, phase)

/** Opens a room of a user without a browser. @param {string} user @param {'relay' | 'together'} kind @param {object} [further] */
async function opened(user, kind, further = {}) {
  const api = await server.client(user)
  const drawing = { title: '', width: 2048, height: 2731, mode: 'free' }
  const id = `d${Math.random().toString(36).slice(2)}`
  await api('POST', `/drawings/${id}/actions`, { from_seq: 0, actions: [{ ...stroke, width: 60 }], drawing })
  const room = await api('POST', '/rooms', { kind, drawing: id, ...further })
  assert.ok(room.code, JSON.stringify(room))
  return { api, id, code: room.code }
}

/** Takes the turn, draws a line across the paper and confirms it. @param {import('./harness.mjs').Phone} phone @param {number} y a share of the paper */
async function turn(phone, y) {
  await inPhase(phone, 'free')
  await phone.tap('接一笔')
  await inPhase(phone, 'mine')
  // The paper may still move to its place beside the buttons of the turn; a further stroke replaces the one that was tried.
  await until(async () => {
    await phone.draw([0.2, y], [0.5, y], [0.8, y])
    return (await phone.colorAt(0.5, y)) === INK
  })
  await phone.tap('就这一笔')
  await phone.see(INK, 0.5, y)
}

test('three people finish a relay: each in turn, one stroke, redrawn until it is confirmed', async () => {
  const named = await server.client('ben')
  await named('PUT', '/me', { nickname: '小本' })
  await until(async () => (await named('GET', '/me')).nickname_state === 'passed')
  await withPhones(['ann', 'ben', 'cleo'], async (ann, ben, cleo) => {
    await ann.draw([0.2, 0.2], [0.5, 0.2], [0.8, 0.2])
    await ann.state('已保存')
    await ann.tap('更多')
    await ann.tap('邀请朋友')
    await ann.button('开始接龙').waitFor()
    await ann.screenshot('invite')
    await ann.tap('5 笔')
    await ann.tap('开始接龙')
    await inPhase(ann, 'waiting')
    await ann.text('上一笔是你画的').waitFor()
    await ann.see(INK, 0.5, 0.2)
    await ann.screenshot('relay-waiting')
    const code = await codeOf(ann)

    await ben.start(landing(code))
    await cleo.start(landing(code))
    await inPhase(ben, 'free')
    await ben.screenshot('relay-free')
    await ben.tap('接一笔')
    await inPhase(ben, 'mine')
    await ben.screenshot('relay-mine')
    // The others see who draws, and cannot take the turn.
    await inPhase(cleo, 'theirs')
    await cleo.page.getByText('小本正在画').waitFor()
    await cleo.screenshot('relay-theirs')
    assert.equal(await cleo.button('接一笔').count(), 0)
    // A first try is drawn anew: by the button, and by simply drawing again.
    await ben.draw([0.2, 0.9], [0.8, 0.9])
    await ben.see(INK, 0.5, 0.9)
    await ben.tap('重画')
    await ben.see('#ffffff', 0.5, 0.9)
    await ben.draw([0.2, 0.8], [0.8, 0.8])
    await ben.see(INK, 0.5, 0.8)
    await ben.draw([0.2, 0.35], [0.5, 0.35], [0.8, 0.35])
    await ben.see('#ffffff', 0.5, 0.8)
    await ben.screenshot('relay-tried')
    await ben.tap('就这一笔')
    await inPhase(ben, 'waiting')
    await cleo.see(INK, 0.5, 0.35)

    await turn(cleo, 0.5)
    await turn(ben, 0.65)
    await turn(cleo, 0.8)
    for (const phone of [ann, ben, cleo]) {
      await inPhase(phone, 'done')
      await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.playing)
      await phone.text('接龙完成').waitFor()
      await phone.text('5 笔，3 位画友').waitFor()
      for (const y of [0.2, 0.35, 0.5, 0.65, 0.8]) await phone.see(INK, 0.5, y)
    }
    await ann.tap('再看一遍')
    // The replay names the author of each stroke.
    await ann.page.waitForFunction(() => window.getCurrentPages().at(-1).data.title === '小本')
    await ann.screenshot('relay-replay')
    await ann.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.playing)
    await ann.screenshot('relay-done')
    const api = await server.client('ann')
    const { drawings } = await api('GET', '/drawings')
    const whole = await api('GET', `/drawings/${drawings[0].id}`)
    assert.deepEqual([whole.read_only, whole.actions.length], [true, 5], 'a client that knows no authors sees the strokes')

    await ben.start('pages/relay/list')
    await ben.text('接完了，共 5 笔').waitFor()
    await ben.screenshot('relay-list')
    await ben.page.locator('.card').tap()
    await inPhase(ben, 'done')
  }, { viewport: { width: 375, height: 667 } })
})

test('a turn can be given back, and a stroke that could not be sent goes once when it is sent again', async () => {
  const { api, code, id } = await opened('dora', 'relay', { goal: 3 })
  await withPhones(['eve'], async (eve) => {
    await eve.start(landing(code))
    await inPhase(eve, 'free')
    await eve.tap('接一笔')
    await inPhase(eve, 'mine')
    await eve.tap('先让别人来')
    await inPhase(eve, 'free')
    await eve.tap('接一笔')
    await inPhase(eve, 'mine')
    await eve.draw([0.2, 0.8], [0.8, 0.8])
    let replies = 0
    await eve.page.route('**/strokes', async (route) => {
      replies += 1
      if (replies > 1) return route.continue()
      await route.fetch()
      return route.abort()
    })
    await eve.tap('就这一笔')
    await until(() => replies)
    await eve.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.sending)
    await until(async () => {
      if (await eve.button('就这一笔').count()) await eve.tap('就这一笔')
      return (await eve.page.evaluate(() => window.getCurrentPages().at(-1).data.phase)) === 'waiting'
    })
    const room = await api('GET', `/rooms/${code}`)
    assert.deepEqual([room.strokes, room.seq], [2, 2])
    const whole = await api('GET', `/drawings/${id}`)
    assert.equal(whole.actions.length, 2)
  })
})

test('the owner takes the last stroke out, sends its author away and ends the relay', async () => {
  await withPhones(['finn', 'gus'], async (finn, gus) => {
    const { code } = await opened('finn', 'relay')
    await finn.start(landing(code))
    await gus.start(landing(code))
    await turn(gus, 0.9)
    await finn.see(INK, 0.5, 0.9)
    await finn.tap('更多')
    await finn.screenshot('relay-owner')
    await finn.tap('拿掉最后一笔')
    await finn.answer('拿掉最后一笔？', '拿掉')
    await finn.see('#ffffff', 0.5, 0.9)
    await gus.see('#ffffff', 0.5, 0.9)
    await turn(gus, 0.85)
    await inPhase(finn, 'free')
    await finn.tap('更多')
    await finn.tap('请人离开')
    await finn.tap('请一位画友离开')
    await finn.answer('请一位画友离开？', '请离开')
    await gus.text('不能再进来了').waitFor()
    await gus.screenshot('relay-banned')
    await finn.tap('更多')
    await finn.tap('现在就完成')
    await finn.answer('现在就完成？', '完成')
    await inPhase(finn, 'done')
  })
})

test('without a code, with an unknown one, frozen and closed, the page says so', async () => {
  const { api, code } = await opened('hal', 'relay')
  await withPhones(['ida'], async (ida) => {
    for (const query of ['', '?code=0123456789ab', '?scene=%25E4']) {
      await ida.start(`pages/relay/relay${query}`)
      await ida.text('没有找到').waitFor()
    }
    await ida.start(landing(code))
    await inPhase(ida, 'free')
    await server.operate('POST', `/rooms/${code}/freeze`, {})
    await ida.text('暂停中').waitFor()
    assert.equal((await ida.paper()).width, 0, 'the drawing is not shown')
    await ida.screenshot('relay-frozen')
    await server.operate('POST', `/rooms/${code}/thaw`, {})
    await inPhase(ida, 'free')
    await ida.tap('更多')
    await ida.tap('举报')
    await ida.tap('广告')
    await ida.tap('提交举报')
    await ida.text('已收到举报').waitFor()
    await api('POST', `/rooms/${code}/close`, {})
    await ida.text('已经结束').waitFor()
    await ida.tap('画一张自己的')
    await ida.button('换纸张').waitFor()
  })
})

test('two people draw together: each sees the other, and undoes only their own', async () => {
  await withPhones(['jan', 'kim'], async (jan, kim) => {
    await jan.draw([0.2, 0.2], [0.5, 0.2], [0.8, 0.2])
    await jan.state('已保存')
    await jan.tap('更多')
    await jan.tap('邀请朋友')
    await jan.tap('开始一起画')
    await jan.button('一起画的画纸').waitFor()
    await jan.see(INK, 0.5, 0.2)
    const code = await codeOf(jan)
    await kim.start(landing(code))
    await kim.button('一起画的画纸').waitFor()
    await kim.see(INK, 0.5, 0.2)
    await kim.tap('换成朱砂')
    await kim.draw([0.2, 0.5], [0.5, 0.5], [0.8, 0.5])
    await kim.see(RED, 0.5, 0.5)
    await jan.see(RED, 0.5, 0.5)
    await jan.draw([0.2, 0.7], [0.5, 0.7], [0.8, 0.7])
    await kim.see(INK, 0.5, 0.7)
    await kim.screenshot('together')
    await kim.tap('撤销')
    await kim.see('#ffffff', 0.5, 0.5)
    await kim.see(INK, 0.5, 0.7)
    await jan.see('#ffffff', 0.5, 0.5)
    await kim.tap('重做')
    await jan.see(RED, 0.5, 0.5)
    // Without a network the strokes stay on the phone, and go when it is back.
    await kim.toggleNetwork()
    await kim.draw([0.2, 0.9], [0.5, 0.9], [0.8, 0.9])
    await kim.see(RED, 0.5, 0.9)
    await kim.page.getByText('没有连上，画的先留在这里').waitFor()
    await kim.toggleNetwork()
    await jan.see(RED, 0.5, 0.9)
    await jan.tap('更多')
    await jan.screenshot('together-more')
    await jan.tap('只有我画')
    await kim.page.getByText('发起的人锁定了画纸，先看着').waitFor()
    await jan.tap('更多')
    await jan.tap('结束一起画')
    await jan.answer('结束一起画？', '结束')
    await kim.text('已经结束').waitFor()
  })
})

for (const colorScheme of ['light', 'dark']) {
  test(`the pages on the smallest phone, ${colorScheme}`, async () => {
    const { code, api } = await opened(`lia-${colorScheme}`, 'relay', { goal: 3 })
    await withPhones([`mo-${colorScheme}`], async (mo) => {
      await mo.start(landing(code))
      await inPhase(mo, 'free')
      await mo.screenshot(`relay-free-${colorScheme}`)
      await mo.tap('接一笔')
      await inPhase(mo, 'mine')
      await mo.draw([0.2, 0.6], [0.4, 0.75], [0.6, 0.6], [0.8, 0.75])
      await mo.screenshot(`relay-tried-${colorScheme}`)
      await mo.tap('就这一笔')
      await inPhase(mo, 'waiting')
      await api('POST', `/rooms/${code}/end`, {})
      await inPhase(mo, 'done')
      await mo.page.waitForFunction(() => window.getCurrentPages().at(-1).data.text === '第 2 笔')
      await mo.screenshot(`relay-replay-${colorScheme}`)
      const wide = await mo.page.evaluate(() => document.querySelector('.mp-page:not([hidden]) .mp-scroll').scrollWidth)
      assert.ok(wide <= 375, `${wide} CSS px`)
    }, { viewport: { width: 375, height: 667 }, colorScheme })
  })
}
