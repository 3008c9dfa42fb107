// Requirements of WeChat's 体验评分 and of WCAG 2.2 AA for every screen, in both themes and on the smallest phone: size of
// touch targets, names and roles for screen readers, contrast, and no content outside the screen.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { launch } from './harness.mjs'

/** Minimum size in CSS px, less half a pixel for rounding. */
const TAP = 43.5

const stroke = { type: 'stroke', tool: 'pen', color: '#22211f', width: 52, at: 1, points: [200, 400, 0, 300, 900, 200] }
const background = { type: 'background', color: '#24282e', at: 2 }

/** Opens a panel of the current page through the page's method. */
const panel = (method) => (phone) => phone.page.evaluate((name) => {
  window.getCurrentPages().at(-1)[name]({ currentTarget: { dataset: { id: 'a' } } })
}, method)

/** Shows the sheet behind 分享 at one of its steps. */
const sharing = (data) => (phone) => phone.page.evaluate((given) => {
  window.getCurrentPages().at(-1).selectComponent('#sharing').setData({ show: true, ...given })
}, data)

/** Every screen: where it is and what is done there. @type {[string, string, ((phone: import('./harness.mjs').Phone) => Promise<unknown>)?][]} */
const SCREENS = [
  ['paper', 'draw/draw'],
  ['colours', 'draw/draw', panel('openColors')],
  ['a colour of one\'s own', 'draw/draw', async (phone) => {
    await panel('openColors')(phone)
    await phone.tap('调色')
  }],
  ['papers', 'draw/draw', panel('openBackground')],
  ['not saved', 'draw/draw', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ trouble: true, unwritten: true, stateText: '手机存储已满、没有网络：这几笔还没有保存，先别关闭', title: '名字', snack: '有的笔画在夜色上看不清' }))],
  ['more', 'draw/draw?id=a', async (phone) => {
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).data.drawn)
    await panel('openMore')(phone)
  }],
  ['one stroke', 'draw/draw?mode=one_stroke'],
  ['one stroke, drawn', 'draw/draw?mode=one_stroke', (phone) => phone.draw([0.2, 0.3], [0.8, 0.3])],
  ['deleted elsewhere', 'draw/draw', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ panel: 'deleted', state: 'deleted' }))],
  ['gallery', 'gallery/gallery', (phone) => phone.page.locator('.card:not(.bone)').nth(1).waitFor()],
  ['menu', 'gallery/gallery', async (phone) => {
    await phone.page.locator('.card:not(.bone)').nth(1).waitFor()
    await panel('openMenu')(phone)
  }],
  ['name', 'gallery/gallery', panel('askName')],
  ['deleted', 'gallery/gallery', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ deleted: 2, banner: { text: '没有网络，先看本机上的画', action: '重试' }, foot: { text: '没有网络，点这里再试', retry: true } }))],
  ['replay', 'replay/replay?id=a'],
  ['me', 'me/me', (phone) => phone.text('这台设备').waitFor()],
  ['profile', 'me/me', panel('editProfile')],
  ['phone', 'me/me', panel('openPhone')],
  ['export', 'me/me', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ exported: 'file' }))],
  ['leaving', 'me/me', panel('askClose')],
  ['signed out', 'me/me', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ out: { title: '账号正在注销', text: '12 月 5 日 08:30 彻底删除。', button: '取消注销并登录' } }))],
  ['consent', 'me/me', async (phone) => {
    await phone.page.evaluate(() => {
      document.querySelector('[data-privacy]').click()
      window.wx.setClipboardData({ data: '', fail: () => {} })
    })
    await phone.text('隐私保护提示').waitFor()
  }],
  ['fault', 'me/me', (phone) => phone.page.evaluate(() => {
    window.getCurrentPages().at(-1).selectComponent('#fault').setData({ show: true, title: '出了点问题', text: '请稍后再试。', number: '01234567', labels: ['再试一次'], contact: true })
  })],
  ['album refused', 'replay/replay?id=a', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).selectComponent('#picture').setData({ refused: true }))],
  ['bin', 'bin/bin', (phone) => phone.page.locator('.look').waitFor()],
  ['a look into the bin', 'bin/bin', async (phone) => {
    await phone.page.locator('.look').tap()
    await phone.button('彻底删除').waitFor()
  }],
  ['terms', 'terms/terms'],
  ['agreement', 'agreement/agreement'],
  ['animated picture', 'replay/replay?id=a', panel('makeGif')],
  ['sharing, before', 'draw/draw?id=a', sharing({ step: 'ask' })],
  ['sharing', 'draw/draw?id=a', sharing({ step: 'link', behind: true, words: { icon: 'wait', title: '新画的几笔正在确认', text: '在那之前，别人看到的是先前的样子。' } })],
  ['sharing, refused', 'draw/draw?id=a', sharing({ step: 'removed', words: { icon: 'gone', title: '没有通过检查（色情低俗）', text: '再画几笔、改一改，就可以重新分享。' } })],
  ['sharing, phone', 'draw/draw?id=a', sharing({ step: 'phone' })],
  ['shared page, absent', 'share/share', (phone) => phone.text('没有找到这幅画').waitFor()],
  ['shared page', 'share/share', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ state: 'shown', title: '河边的三棵树，下午四点', author: '一位画友' }))],
  ['shared page, no network', 'share/share', (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ words: { icon: 'cloud', title: '没有网络', text: '连上网络后再试。', again: true } }))],
  ['report', 'share/share', panel('openReport')],
  ['relay, absent', 'relay/relay', (phone) => phone.text('没有找到').waitFor()],
  ['relay', 'relay/relay', async (phone) => {
    await phone.text('没有找到').waitFor()
    await phone.page.evaluate(() => {
      const step = (state, initial = '') => ({ avatar: '', initial, state })
      const steps = [step('drawn', '明'), step('drawn'), step('next'), ...Array.from({ length: 6 }, () => step('empty'))]
      window.getCurrentPages().at(-1).setData({ state: 'shown', phase: 'free', steps, count: 2, goal: 9, title: '轮到第 3 笔', text: '一共 9 笔，谁先点谁来画' })
    })
  }],
  ['relay, own turn', 'relay/relay', async (phone) => {
    await phone.text('没有找到').waitFor()
    await phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ state: 'shown', phase: 'mine', title: '该你了，只画一笔', text: '不满意可以重画，还有 72 秒' }))
  }],
  ['relay, the owner\'s sheet', 'relay/relay', async (phone) => {
    await phone.text('没有找到').waitFor()
    await phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ state: 'shown', phase: 'free', isOwner: true, canEnd: true, people: 3, panel: 'more' }))
  }],
  ['invitation', 'relay/invite?id=a&one=1'],
  ['together', 'relay/together', async (phone) => {
    await phone.text('没有找到').waitFor()
    await phone.page.evaluate(() => window.getCurrentPages().at(-1).setData({ state: 'shown', faces: [{ id: 'a', avatar: '', initial: '明' }, { id: 'b', avatar: '', initial: '友' }], people: 2, trouble: '没有连上，画的先留在这里' }))
  }],
  ['relays', 'relay/list', (phone) => phone.text('还没有接龙').waitFor()],
  ['shares', 'shares/shares', async (phone) => {
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).data.loading)
    await phone.page.evaluate(() => {
      const row = { code: 'x', drawing: 'a', name: '河边的三棵树，下午四点', state: '新画的几笔没有通过（色情低俗）', about: '3 分钟前分享', refused: false, live: true, url: 'x', image: '' }
      const page = window.getCurrentPages().at(-1)
      page.left = true
      page.selectComponent('#fault').setData({ show: false })
      page.setData({ loading: false, trouble: '', rows: [row, { ...row, code: 'y', state: '没有通过检查（违法）', refused: true, live: false }] })
    })
  }],
]

const { server, withPhone } = await launch()
before(async () => {
  const api = await server.client('audit')
  for (const id of ['a', 'b', 'c']) await api('POST', `/drawings/${id}/actions`, { from_seq: 0, actions: id === 'b' ? [background, stroke] : [stroke] })
  await api('DELETE', '/drawings/c')
})

/** The faults of the screen; runs in the page. @param {number} tap */
function faults(tap) {
  const page = document.querySelector('.mp-page:not([hidden])')
  const wrong = []
  const named = (node) => `${node.getAttribute('aria-label') ?? node.textContent.trim().slice(0, 20) ?? ''} <${node.tagName.toLowerCase()} class="${node.className}">`
  const visible = (node) => {
    const box = node.getBoundingClientRect()
    return box.width > 0 && box.height > 0 && node.checkVisibility() && !node.closest('.easel')
  }
  // A sheet hides the content below it.
  const sheet = [...page.querySelectorAll('[role=dialog]')].find(visible)
  const top = sheet ?? page
  const all = [...top.querySelectorAll('*')].filter(visible)

  const ROLES = ['button', 'radio', 'switch', 'slider', 'textbox', 'link']
  for (const node of all.filter((one) => ROLES.includes(one.getAttribute('role')))) {
    const { width, height, left, right } = node.getBoundingClientRect()
    if (width < tap || height < tap) wrong.push(`${Math.round(width)} x ${Math.round(height)}: ${named(node)}`)
    if (left < -0.5 || right > window.innerWidth + 0.5) wrong.push(`from ${Math.round(left)} to ${Math.round(right)} of ${window.innerWidth}: ${named(node)}`)
    if (!node.getAttribute('aria-label')) wrong.push(`without a name: ${named(node)}`)
  }
  if (page.querySelector('.mp-scroll').scrollWidth > window.innerWidth + 0.5) wrong.push(`wider than the screen: ${page.querySelector('.mp-scroll').scrollWidth}`)

  const parsed = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number)
    return { r, g, b, a }
  }
  const over = (upper, lower) => {
    const mix = (name) => upper[name] * upper.a + lower[name] * (1 - upper.a)
    return { r: mix('r'), g: mix('g'), b: mix('b'), a: 1 }
  }
  const ground = (node) => {
    const layers = []
    for (let at = node; at; at = at.parentElement) {
      const color = parsed(getComputedStyle(at).backgroundColor)
      if (color.a > 0) layers.push(color)
      if (color.a === 1) break
    }
    return layers.reduceRight((lower, upper) => over(upper, lower), { r: 255, g: 255, b: 255, a: 1 })
  }
  // WCAG 2.2, 1.4.3
  const luminance = ({ r, g, b }) => {
    const [red, green, blue] = [r, g, b].map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light + 0.05) / (dark + 0.05)
  }
  const demand = (node, color, least, what) => {
    const below = ground(node)
    const ratio = contrast(over(parsed(color), below), below)
    if (ratio < least) wrong.push(`${what} of ${ratio.toFixed(2)} : 1: ${named(node)}`)
  }
  for (const node of all) {
    // WCAG exempts disabled controls from the contrast rule.
    if (node.closest('[aria-disabled=true], .off')) continue
    const style = getComputedStyle(node)
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700)
    if ([...node.childNodes].some((child) => child.nodeType === child.TEXT_NODE && child.textContent.trim())) demand(node, style.color, large ? 3 : 4.5, 'text')
    if (node.tagName === 'INPUT' && node.placeholder) demand(node, getComputedStyle(node, '::placeholder').color, 4.5, 'placeholder')
    // Icons are masks in the text colour; on a picture the background colour is unknown.
    if (/(^| )\S*icon-/.test(node.className) && !node.closest('.frame')) demand(node.parentElement, style.backgroundColor, 3, 'icon')
  }
  return wrong
}

for (const [theme, viewport] of [['light', { width: 390, height: 844 }], ['dark', { width: 390, height: 844 }], ['light', { width: 320, height: 568 }], ['light', { width: 667, height: 375 }]]) {
  test(`every screen, ${theme}, ${viewport.width} x ${viewport.height}`, async () => {
    await withPhone('audit', async (phone) => {
      const wrong = []
      for (const [name, path, prepare] of SCREENS) {
        await phone.start(`pages/${path}`)
        await prepare?.(phone)
        await phone.page.evaluate(() => Promise.all(document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity).map(({ finished }) => finished)))
        wrong.push(...(await phone.page.evaluate(faults, TAP)).map((what) => `${name}: ${what}`))
        await phone.screenshot(`audit-${theme}-${viewport.width}-${name}`)
      }
      assert.deepEqual(wrong, [])
    }, { colorScheme: theme, viewport })
  })
}

test('the audit finds what is wrong', async () => {
  await withPhone('audit', async (phone) => {
    await phone.start('pages/me/me')
    await phone.text('这台设备').waitFor()
    await phone.page.evaluate(() => {
      const [row, text] = [document.querySelector('.mp-page .row[role=button]'), document.querySelector('.mp-page .big')]
      Object.assign(row.style, { minHeight: '30px', height: '30px' })
      row.removeAttribute('aria-label')
      text.style.color = '#c8c2b6'
      document.querySelector('.mp-page .action').style.marginLeft = '200px'
    })
    const wrong = (await phone.page.evaluate(faults, TAP)).join('\n')
    for (const complaint of [/x 30: /, /without a name/, /text of 1\.\d+ : 1/, /of 390: 退出登录/]) assert.match(wrong, complaint)
  })
})
