// The one-stroke mode, the colours and the papers of the drawing page.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'
const WHITE = '#ffffff'

const { server, withPhone } = await launch()

/** The position of the paper in whole pixels. */
const place = async (phone) => {
  const { x, y, width, height } = await phone.paper()
  return [x, y, width, height].map(Math.round)
}

/** Starts a one-stroke drawing from the gallery. */
async function begin(phone) {
  await phone.start('pages/gallery/gallery')
  await phone.text('一笔画完，墨尽为止').waitFor()
  await phone.tap('一笔模式')
  await phone.button('墨量').waitFor()
}

test('a slip of the finger is no stroke; a stroke can be drawn again or followed by another', async () => {
  await withPhone('slip', async (phone) => {
    await begin(phone)
    await phone.draw([0.5, 0.5])
    await phone.text('太短了，再来一次').waitFor()
    await phone.see(WHITE, 0.5, 0.5)
    assert.equal(await phone.button('一笔画成').count(), 0)
    await phone.draw([0.1, 0.2], [0.9, 0.2])
    await phone.button('一笔画成').waitFor()
    await phone.state('已保存')
    const api = await server.client('slip')
    await phone.tap('重画')
    await phone.see(WHITE, 0.5, 0.2)
    await phone.draw([0.1, 0.4], [0.9, 0.4])
    await phone.button('一笔画成').waitFor()
    await phone.state('已保存')
    assert.equal((await api('GET', '/drawings')).drawings.length, 1)
    await phone.tap('再来一笔')
    await phone.draw([0.1, 0.6], [0.9, 0.6])
    await phone.state('已保存')
    assert.equal((await api('GET', '/drawings')).drawings.length, 2)
  })
})

test('the hint gives way to the finger, and the gauge warns at its end', async () => {
  await withPhone('gauge', async (phone) => {
    await begin(phone)
    const paper = await phone.paper()
    await phone.page.locator('.mp-page:not([hidden]) .hint').waitFor()
    await phone.settled()
    await phone.send('touchStart', [paper.at(0.1, 0.1)])
    await phone.page.locator('.mp-page:not([hidden]) .hint').waitFor({ state: 'detached' })
    await phone.page.locator('.gauge.low').waitFor({ state: 'detached' })
    for (const [x, y] of [[0.9, 0.1], [0.1, 0.15], [0.9, 0.2], [0.1, 0.25], [0.55, 0.3]]) await phone.send('touchMove', [paper.at(x, y)])
    await phone.page.locator('.gauge.low').waitFor()
    await phone.screenshot('gauge-low')
    await phone.send('touchEnd', [])
    await phone.button('一笔画成').waitFor()
  })
})

for (const [width, height] of [[320, 568], [375, 667], [430, 932], [667, 375], [768, 1024]]) {
  test(`on ${width} x ${height} the paper stays in its place when the stroke is done, and when it is opened again`, async () => {
    await withPhone(`still-${width}`, async (phone) => {
      await begin(phone)
      await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).painter)
      const before = await place(phone)
      // The tools are on one line, and the widths on another.
      for (const group of ['.tools', '.widths']) {
        const tops = await phone.page.locator(`.mp-page:not([hidden]) ${group} .tap`).evaluateAll((taps) => taps.map((tap) => Math.round(tap.getBoundingClientRect().top)))
        if (width < height) assert.equal(new Set(tops).size, 1, `${group}: ${tops}`)
      }
      await phone.screenshot(`one-${width}`)
      await phone.draw([0.1, 0.2], [0.9, 0.2], [0.5, 0.8])
      await phone.button('一笔画成').waitFor()
      await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).painter.settled().then(() => true))
      assert.deepEqual(await place(phone), before)
      await phone.state('已保存')
      await phone.screenshot(`one-done-${width}`)
      await phone.back()
      await phone.page.locator('.mp-page:not([hidden]) .card:not(.bone)').first().tap()
      // The seal is back, and a tap shows the drawing below it.
      await phone.button('一笔画成').waitFor()
      assert.deepEqual(await place(phone), before)
      await phone.tap('一笔画成')
      await phone.button('一笔画成').waitFor({ state: 'detached' })
    }, { viewport: { width, height } })
  })
}

test('a dark paper that swallows strokes says so, and is taken back by a tap', async () => {
  await withPhone('night', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.tap('更多')
    await phone.tap('纸色')
    await phone.tap('夜色')
    await phone.see('#24282e', 0.5, 0.6)
    await phone.text('有的笔画在夜色上看不清').waitFor()
    await phone.screenshot('night')
    await phone.tap('撤销纸色')
    await phone.see(WHITE, 0.5, 0.6)
    await phone.text('有的笔画在夜色上看不清').waitFor({ state: 'detached' })
  })
})

test('a tall paper fills the screen, is remembered, and is what the server has', async () => {
  await withPhone('tall', async (phone) => {
    const { height: usual } = await phone.paper()
    await phone.tap('换纸张')
    await phone.screenshot('papers')
    await phone.tap('长幅')
    await phone.page.waitForFunction((least) => document.querySelector('#live').clientHeight > least, usual)
    await phone.draw([0.2, 0.3], [0.8, 0.9])
    await phone.state('已保存')
    await phone.screenshot('tall')
    const api = await server.client('tall')
    const [{ width, height }] = (await api('GET', '/drawings')).drawings
    assert.deepEqual([width, height], [4590, 8160])
    await phone.tap('更多')
    await phone.tap('新画一幅')
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).drawing.seq === 0)
    assert.equal(await phone.page.evaluate(() => window.getCurrentPages().at(-1).drawing.height), 8160)
  })
})

test('any colour can be mixed, and stands beside the tools from then on', async () => {
  await withPhone('mixer', async (phone) => {
    await phone.tap('颜色：墨黑')
    await phone.tap('调色')
    const scale = async (name, share) => {
      const box = await phone.button(name).boundingBox()
      const y = box.y + box.height / 2
      await phone.send('touchStart', [[box.x + 4, y]])
      await phone.send('touchMove', [[box.x + box.width * share, y]])
      await phone.page.waitForTimeout(50)
      await phone.send('touchMove', [[box.x + box.width * share, y]])
      await phone.send('touchEnd', [])
    }
    await scale('色相', 1 / 3)
    await scale('浓淡', 1)
    await scale('明暗', 0.5)
    const mixed = await phone.page.locator('.sample').getAttribute('aria-label')
    await phone.screenshot('mixer')
    await phone.tap('用这个颜色')
    const color = /#[0-9a-f]{6}/.exec(mixed)[0]
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
    assert.ok(green > 200 && red < 60 && blue < 60, color)
    await phone.tap('粗细：特粗')
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.see(color, 0.5, 0.5)
    await phone.tap('换成朱砂')
    await phone.draw([0.2, 0.7], [0.8, 0.7])
    await phone.see('#c8412f', 0.5, 0.7)
    await phone.start('pages/draw/draw?mode=free')
    await phone.tap(`换成${color}`)
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.see(color, 0.5, 0.3)
  })
})

test('a drawing is named where it is drawn', async () => {
  await withPhone('namer', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.tap('更多')
    await phone.tap('起名字')
    await phone.button('名字').fill('雨天')
    await phone.tap('保存')
    await phone.button('名字：雨天').waitFor()
    await phone.screenshot('named')
    const api = await server.client('namer')
    assert.equal((await api('GET', '/drawings')).drawings[0].title, '雨天')
    await phone.see(INK, 0.5, 0.3)
  })
})
