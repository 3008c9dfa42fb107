// Touch, mouse, wheel and keyboard: every movement reaches the drawing and has no other effect.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'
const WHITE = '#ffffff'
const DESKTOP = { isMobile: false, hasTouch: false, viewport: { width: 1200, height: 900 } }

const { withPhone } = await launch()

/** The strokes of the drawing on the current page. */
const strokes = (phone) => phone.page.evaluate(() => window.getCurrentPages().at(-1).drawing.picture.strokes)

const steadyOff = (phone) => phone.page.evaluate(() => window.wx.setStorageSync('yibi.steady', 'off'))

/** Waits until the drawing has this number of strokes. */
const drawn = (phone, count) => phone.page.waitForFunction((wanted) => window.getCurrentPages().at(-1).drawing.picture.strokes.length === wanted, count)

test('the first pixel of a touch counts: small shapes keep their points', async () => {
  await withPhone('small', async (phone) => {
    await steadyOff(phone)
    const paper = await phone.paper()
    const [x, y] = paper.at(0.5, 0.5)
    const radii = [4, 6, 7, 10]
    for (const radius of radii) {
      const at = (i) => [x + radius * Math.cos((i / 30) * 2 * Math.PI), y + radius * Math.sin((i / 30) * 2 * Math.PI)]
      await phone.send('touchStart', [at(0)])
      for (let i = 1; i <= 30; i += 1) await phone.send('touchMove', [at(i)])
      await phone.send('touchEnd', [])
    }
    await drawn(phone, radii.length)
    for (const [i, { points }] of (await strokes(phone)).entries()) {
      assert.ok(points.length / 3 >= 30, `radius ${radii[i]}: ${points.length / 3} points`)
    }
  })
})

test('a mouse draws with fractions of a pixel', async () => {
  await withPhone('fractions', async (phone) => {
    await steadyOff(phone)
    await phone.settled()
    const paper = await phone.paper()
    const [x, y] = paper.at(0.3, 0.3).map(Math.floor)
    await phone.page.mouse.move(x, y)
    await phone.page.mouse.down()
    for (let i = 1; i <= 12; i += 1) await phone.page.mouse.move(x + i * 0.25, y)
    await phone.page.mouse.up()
    await drawn(phone, 1)
    const [{ points }] = await strokes(phone)
    assert.ok(points.length / 3 >= 10, `${points.length / 3} points on 3 px`)
  }, DESKTOP)
})

test('a tap makes no click after it', async () => {
  await withPhone('ghost', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.page.evaluate(() => {
      window.made = []
      for (const type of ['mousedown', 'click']) document.querySelector('.pages').addEventListener(type, (event) => window.made.push(event.type), true)
    })
    await phone.tap('画廊')
    await phone.page.locator('.card:not(.bone)').first().waitFor()
    // Wait for browser events that are queued already.
    await phone.tap('我')
    await phone.text('这台设备').waitFor()
    assert.deepEqual(await phone.page.evaluate(() => window.made), [])
  })
})

test('a swipe does not leave the app', async () => {
  await withPhone('swipe', async (phone) => {
    assert.equal(await phone.page.evaluate(() => getComputedStyle(document.documentElement).overscrollBehaviorX), 'none')
  })
})

test('the wheel zooms about the pointer, and out again', async () => {
  await withPhone('wheel', async (phone) => {
    const paper = await phone.paper()
    await phone.page.mouse.move(...paper.at(0.25, 0.25))
    const zoom = () => phone.page.evaluate(() => {
      const { view } = window.getCurrentPages().at(-1)
      return { zoom: view.zoom, ...view.toGrid(view.width / 4, view.height / 4) }
    })
    const before = await zoom()
    await phone.page.mouse.wheel(0, -1_200)
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).view.zoom > 3)
    const after = await zoom()
    assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 40, JSON.stringify([before, after]))
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).recorder.phase === 'idle')
    await phone.page.keyboard.down('Control')
    await phone.page.mouse.wheel(0, 2_400)
    await phone.page.keyboard.up('Control')
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).view.zoom === 1)
    assert.equal((await strokes(phone)).length, 0)
  }, DESKTOP)
})

test('the keyboard undoes, redoes, closes what is on top and reaches every button', async () => {
  await withPhone('keys', async (phone) => {
    const { keyboard } = phone.page
    const paper = await phone.paper()
    await phone.page.mouse.move(...paper.at(0.2, 0.3))
    await phone.page.mouse.down()
    await phone.page.mouse.move(...paper.at(0.8, 0.3), { steps: 5 })
    await phone.page.mouse.up()
    await phone.see(INK, 0.5, 0.3)
    await keyboard.press('Control+z')
    await phone.see(WHITE, 0.5, 0.3)
    await keyboard.press('Control+Shift+Z')
    await phone.see(INK, 0.5, 0.3)
    const labels = []
    for (let i = 0; i < 40 && !labels.includes('更多'); i += 1) {
      await keyboard.press('Tab')
      labels.push(await phone.page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    }
    for (const label of ['画廊', '撤销', '更多']) assert.ok(labels.includes(label), labels.join(' '))
    await keyboard.press('Enter')
    await phone.button('清空画面').waitFor()
    await keyboard.press('Control+z')
    await keyboard.press('Escape')
    await phone.button('清空画面').waitFor({ state: 'detached' })
    await phone.see(INK, 0.5, 0.3)
    await keyboard.press(' ')
    await phone.page.locator('.mp-page:not([hidden])').getByLabel('清空画面', { exact: true }).click()
    await phone.page.getByRole('dialog', { name: '清空画面？' }).waitFor()
    await keyboard.press('Escape')
    await phone.page.getByRole('dialog', { name: '清空画面？' }).waitFor({ state: 'detached' })
    await phone.see(INK, 0.5, 0.3)
  }, DESKTOP)
})

test('a modal has the colour that the app wants, and a page its ground', async () => {
  await withPhone('colours', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.tap('更多')
    await phone.tap('清空画面')
    const dialog = phone.page.getByRole('dialog', { name: '清空画面？' })
    assert.equal(await dialog.locator('.confirm').evaluate((node) => getComputedStyle(node).color), 'rgb(173, 58, 41)')
    await dialog.getByText('取消').tap()
    assert.equal(await phone.page.locator('.mp-page:not([hidden])').evaluate((node) => getComputedStyle(node).backgroundColor), 'rgb(243, 239, 231)')
  })
})

test('live ink is the finished ink', async () => {
  await withPhone('live', async (phone) => {
    await phone.tap('毛笔')
    await phone.tap('粗细：特粗')
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.15, 0.3)])
    for (let i = 1; i <= 40; i += 1) {
      const [x, y] = paper.at(0.15 + i * 0.017, 0.3 + Math.sin(i / 6) * 0.12)
      await phone.send('touchMove', [[x, y]])
    }
    const read = () => phone.page.evaluate(() => {
      const { painter } = window.getCurrentPages().at(-1)
      const alpha = ({ canvas }) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3)
      const [settled, live] = [alpha({ canvas: painter.canvas }), alpha({ canvas: painter.live })]
      return [...settled.map((value, i) => Math.max(value, live[i]))].map((value) => (value > 127 ? 1 : 0)).join('')
    })
    const before = await read()
    await phone.send('touchEnd', [], 1)
    await drawn(phone, 1)
    const after = await read()
    let inked = 0
    let differ = 0
    for (let i = 0; i < after.length; i += 1) {
      if (after[i] === '1') inked += 1
      if (after[i] !== before[i]) differ += 1
    }
    assert.ok(inked > 10_000, `${inked} pixels`)
    assert.ok(differ < inked * 0.01, `${differ} of ${inked} pixels change when the finger is lifted`)
  })
})

test('a stroke in the middle of which the phone is turned stays', async () => {
  await withPhone('turned', async (phone) => {
    await phone.tap('粗细：特粗')
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.2, 0.3)])
    for (const x of [0.3, 0.5, 0.8]) await phone.send('touchMove', [paper.at(x, 0.3)])
    await phone.page.setViewportSize({ width: 844, height: 390 })
    await phone.page.waitForFunction(() => document.querySelector('#live').clientWidth < 300)
    await phone.send('touchMove', [[100, 100]])
    await phone.send('touchEnd', [])
    await drawn(phone, 1)
    await phone.see(INK, 0.5, 0.3)
    const [{ points }] = await strokes(phone)
    const heights = points.filter((_, i) => i % 3 === 1).slice(1)
    assert.ok(heights.every((step) => Math.abs(step) < 30), JSON.stringify(points))
  })
})
