// Gestures of the drawing page: the zoom chip, picking colours from the paper, line smoothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'
const RED = '#c8412f'

const { withPhone } = await launch()

const data = (phone) => phone.page.evaluate(() => ({ ...window.getCurrentPages().at(-1).data }))

test('while the paper is zoomed, a chip says so and fits it again', async () => {
  await withPhone('chip', async (phone) => {
    const paper = await phone.paper()
    await phone.send('touchStart', [[...paper.at(0.45, 0.5), 0], [...paper.at(0.55, 0.5), 1]])
    await phone.send('touchMove', [[...paper.at(0.3, 0.5), 0], [...paper.at(0.7, 0.5), 1]])
    await phone.send('touchEnd', [])
    await phone.screenshot('zoomed')
    assert.equal((await data(phone)).zoom, '4.0x')
    await phone.tap('复位')
    await phone.button('复位').waitFor({ state: 'detached' })
    assert.equal(await phone.page.evaluate(() => window.getCurrentPages()[0].view.zoom), 1)
  })
})

test('a finger that rests on the paper takes the colour there', async () => {
  await withPhone('pick', async (phone) => {
    await phone.page.evaluate((color) => window.getCurrentPages()[0].setPen({ color, width: 112 }), RED)
    await phone.draw([0.2, 0.3], [0.5, 0.3], [0.8, 0.3])
    await phone.see(RED, 0.5, 0.3)
    await phone.page.evaluate((color) => window.getCurrentPages()[0].setPen({ color, tool: 'eraser' }), INK)
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.5, 0.3)])
    await phone.page.waitForFunction((color) => window.getCurrentPages()[0].data.color === color, RED)
    await phone.send('touchEnd', [])
    assert.equal((await data(phone)).tool, 'pen')
    // The rest of the gesture neither draws nor erases.
    await phone.see(RED, 0.5, 0.3)
    assert.equal(await phone.page.evaluate(() => window.getCurrentPages()[0].drawing.picture.strokes.length), 1)
  })
})

test('the gestures are told once, and the line is steadied until that is switched off', async () => {
  await withPhone('steady', async (phone) => {
    await phone.text('两指轻点撤销，捏合缩放，长按取色').waitFor()
    await phone.screenshot('coach')
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.tap('更多')
    await phone.screenshot('more-steady')
    const on = phone.button('稳')
    assert.equal(await on.getAttribute('aria-checked'), 'true')
    await phone.tap('稳')
    await phone.page.waitForFunction(() => window.wx.getStorageSync('yibi.steady') === 'off')
    await phone.page.locator('.mp-page:not([hidden]) [aria-label="稳"]:not([aria-checked="true"])').waitFor()
    await phone.start()
    await phone.page.waitForFunction(() => window.getCurrentPages()[0].painter)
    assert.equal((await data(phone)).coach, false)
    assert.equal(await phone.page.evaluate(() => window.getCurrentPages()[0].recorder.pen().steady), false)
  })
})

test('a ring shows where the eraser is, and goes with it', async () => {
  await withPhone('ring', async (phone) => {
    await phone.draw([0.1, 0.5], [0.9, 0.5])
    await phone.tap('橡皮')
    const inked = () => phone.page.evaluate(() => {
      const { live } = window.getCurrentPages()[0].painter
      return live.getContext('2d').getImageData(0, 0, live.width, live.height).data.filter((value, i) => i % 4 === 3 && value > 0).length
    })
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.4, 0.4)])
    await phone.send('touchMove', [paper.at(0.5, 0.5)])
    const ring = await inked()
    await phone.send('touchMove', [paper.at(0.6, 0.6)])
    assert.ok(ring > 20 && Math.abs((await inked()) - ring) < ring * 0.4, `${ring} pixels`)
    await phone.send('touchEnd', [])
    await phone.page.waitForFunction(() => window.getCurrentPages()[0].drawing.picture.strokes.length === 2)
    assert.equal(await inked(), 0)
  })
})

test('the second tap of a double tap on a card draws nothing', async () => {
  await withPhone('double', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.page.evaluate(() => {
      const [page] = window.getCurrentPages()
      page.setData({ nested: true })
      page.openedAt = Date.now() + 1e9
    })
    await phone.draw([0.5, 0.6])
    assert.equal(await phone.page.evaluate(() => window.getCurrentPages()[0].drawing.picture.strokes.length), 1)
  })
})
