import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'
const RED = '#c8412f'
const WHITE = '#ffffff'

const { server, withPhone } = await launch()

test('the first open is an empty paper, and a stroke on it is there, undone, redone and saved', async () => {
  await withPhone('first', async (phone) => {
    await phone.see(WHITE, 0.5, 0.3)
    await phone.draw([0.2, 0.3], [0.4, 0.3], [0.8, 0.3])
    await phone.see(INK, 0.5, 0.3)
    await phone.tap('撤销')
    await phone.see(WHITE, 0.5, 0.3)
    await phone.tap('重做')
    await phone.see(INK, 0.5, 0.3)
    await phone.state('已保存')
    const api = await server.client('first')
    const { drawings } = await api('GET', '/drawings')
    assert.equal(drawings.length, 1)
    const whole = await api('GET', `/drawings/${drawings[0].id}`)
    assert.deepEqual(whole.actions.map(({ type }) => type), ['stroke', 'undo', 'redo'])
    assert.deepEqual([whole.width, whole.height, whole.mode], [6144, 8192, 'free'])
    await phone.screenshot('draw')
  })
})

test('a tap is a dot, and colours, widths, paper and eraser do what they say', async () => {
  await withPhone('tools', async (phone) => {
    await phone.tap('粗细：特粗')
    await phone.draw([0.5, 0.5])
    await phone.see(INK, 0.5, 0.5)
    await phone.tap('颜色：墨黑')
    await phone.screenshot('colours')
    await phone.tap('朱砂')
    await phone.draw([0.2, 0.7], [0.8, 0.7])
    await phone.see(RED, 0.5, 0.7)
    await phone.tap('更多')
    await phone.screenshot('more')
    await phone.tap('纸色')
    await phone.tap('宣纸')
    await phone.see('#faf5e9', 0.5, 0.2)
    await phone.see(RED, 0.5, 0.7)
    await phone.tap('橡皮')
    await phone.draw([0.5, 0.6], [0.5, 0.7], [0.5, 0.8])
    await phone.see('#faf5e9', 0.5, 0.7)
    await phone.see(RED, 0.3, 0.7)
    // The same holds after changes of the background.
    await phone.tap('更多')
    await phone.tap('纸色')
    await phone.tap('夜色')
    await phone.see('#24282e', 0.5, 0.7)
  })
})

test('clearing asks first, and can be undone', async () => {
  await withPhone('clearing', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.tap('更多')
    await phone.tap('清空画面')
    await phone.page.getByRole('dialog', { name: '清空画面？' }).getByText('取消').tap()
    await phone.see(INK, 0.5, 0.3)
    await phone.tap('更多')
    await phone.tap('清空画面')
    await phone.page.getByRole('dialog', { name: '清空画面？' }).getByText('清空', { exact: true }).tap()
    await phone.see(WHITE, 0.5, 0.3)
    await phone.tap('撤销')
    await phone.see(INK, 0.5, 0.3)
  })
})

test('two fingers zoom, pan, undo by a tap and fit by two; the begun stroke never was', async () => {
  await withPhone('zoom', async (phone) => {
    await phone.tap('粗细：特粗')
    await phone.draw([0.5, 0.5])
    await phone.see(INK, 0.5, 0.5)
    await phone.see(WHITE, 0.6, 0.5)
    const paper = await phone.paper()
    const pinch = async (from, to) => {
      await phone.send('touchStart', [[...paper.at(0.5 - from, 0.5), 0]])
      await phone.send('touchStart', [[...paper.at(0.5 - from, 0.5), 0], [...paper.at(0.5 + from, 0.5), 1]])
      for (const share of [0.3, 0.6, 1]) {
        const at = from + (to - from) * share
        await phone.send('touchMove', [[...paper.at(0.5 - at, 0.5), 0], [...paper.at(0.5 + at, 0.5), 1]])
      }
      await phone.send('touchEnd', [])
    }
    await pinch(0.1, 0.4)
    // At a zoom of four, the dot covers the former paper.
    await phone.see(INK, 0.6, 0.5)
    // A stroke drawn while zoomed lies under the finger.
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.see(INK, 0.5, 0.2)

    const tap = async (after) => {
      await phone.send('touchStart', [[...paper.at(0.4, 0.4), 0]], after)
      await phone.send('touchStart', [[...paper.at(0.4, 0.4), 0], [...paper.at(0.6, 0.4), 1]])
      await phone.send('touchEnd', [])
    }
    await tap()
    await phone.see(WHITE, 0.5, 0.2)
    await phone.see(INK, 0.6, 0.5)
    // The wait for a second tap is the only timer of this page: the test ends it explicitly.
    await phone.page.evaluate(() => {
      window.getCurrentPages()[0].recorder.timers = { set: () => 0, clear: () => {} }
    })
    await tap()
    await tap(120)
    await phone.see(WHITE, 0.6, 0.5)
    await phone.see(INK, 0.5, 0.5)
  })
})

test('a palm ends the stroke and draws nothing', async () => {
  await withPhone('palm', async (phone) => {
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.2, 0.3)])
    await phone.send('touchMove', [paper.at(0.5, 0.3)])
    await phone.send('touchMove', [paper.at(0.6, 0.3)], 150)
    await phone.send('touchStart', [[...paper.at(0.6, 0.3), 0], [...paper.at(0.9, 0.9), 1]])
    await phone.send('touchMove', [[...paper.at(0.6, 0.6), 0], [...paper.at(0.5, 0.9), 1]])
    await phone.send('touchEnd', [])
    await phone.see(INK, 0.4, 0.3)
    await phone.see(WHITE, 0.6, 0.5)
    await phone.see(WHITE, 0.7, 0.9)
  })
})

test('turning the phone redraws from the model', async () => {
  await withPhone('turn', async (phone) => {
    await phone.tap('粗细：特粗')
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.page.setViewportSize({ width: 844, height: 390 })
    await phone.page.waitForFunction(() => document.querySelector('#live').clientWidth < 300)
    await phone.see(INK, 0.5, 0.3)
    await phone.page.setViewportSize({ width: 390, height: 844 })
    await phone.page.waitForFunction(() => document.querySelector('#live').clientWidth > 300)
    await phone.see(INK, 0.5, 0.3)
  })
})

test('one stroke: the ink runs down, lifting the finger ends it', async () => {
  await withPhone('one', async (phone) => {
    await phone.tap('更多')
    await phone.tap('一笔模式')
    await phone.button('墨量').waitFor()
    const gauge = (least, most) => phone.page.waitForFunction(([from, to]) => {
      const canvas = document.querySelector('#gauge')
      const { data } = canvas.getContext('2d').getImageData(0, canvas.height / 2, canvas.width, 1)
      let inked = 0
      for (let i = 3; i < data.length; i += 4) if (data[i] > 200) inked += 1
      return inked >= from * canvas.width && inked <= to * canvas.width
    }, [least, most])
    await gauge(0.9, 1)
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.1, 0.1)])
    for (const x of [0.5, 0.9]) await phone.send('touchMove', [paper.at(x, 0.1)])
    await gauge(0.7, 0.85)
    await phone.send('touchMove', [paper.at(0.9, 0.9)])
    await phone.send('touchMove', [paper.at(0.5, 0.5)])
    await phone.send('touchEnd', [])
    await phone.button('一笔画成').waitFor()
    await phone.see(INK, 0.5, 0.1)
    await gauge(0, 0.05)
    await phone.draw([0.1, 0.6], [0.4, 0.6])
    await phone.see(WHITE, 0.2, 0.6)
    await phone.state('已保存')
    await phone.screenshot('one-stroke')
    const api = await server.client('one')
    const { drawings } = await api('GET', '/drawings')
    assert.deepEqual([drawings[0].mode, drawings[0].stroke_count], ['one_stroke', 1])
    await phone.tap('再来一笔')
    await gauge(0.9, 1)
    await phone.see(WHITE, 0.5, 0.1)
  })
})

test('one stroke longer than the ink is cut where it ends, and the server takes it', async () => {
  await withPhone('long', async (phone) => {
    await phone.tap('更多')
    await phone.tap('一笔模式')
    await phone.button('墨量').waitFor()
    const turns = Array.from({ length: 12 }, (_, i) => [[0.1, 0.1 + i * 0.06], [0.9, 0.1 + i * 0.06]][i % 2 ? 'reverse' : 'slice']())
    await phone.draw(...turns.flat())
    await phone.button('一笔画成').waitFor()
    await phone.state('已保存')
  })
})

test('a mouse draws too', async () => {
  await withPhone('mouse', async (phone) => {
    const paper = await phone.paper()
    await phone.page.mouse.move(...paper.at(0.2, 0.3))
    await phone.page.mouse.down()
    await phone.page.mouse.move(...paper.at(0.5, 0.3), { steps: 4 })
    await phone.page.mouse.move(...paper.at(0.8, 0.3), { steps: 4 })
    await phone.page.mouse.up()
    await phone.see(INK, 0.5, 0.3)
    await phone.state('已保存')
  }, { isMobile: false, hasTouch: false, viewport: { width: 1200, height: 900 } })
})
