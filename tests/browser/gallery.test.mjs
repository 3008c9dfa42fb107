import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'

const { server, withPhone } = await launch()

const cards = (phone) => phone.page.locator('.mp-page:not([hidden]) .card:not(.bone)')
const stroke = (x) => ({ type: 'stroke', tool: 'pen', color: INK, width: 52, at: x, points: [x, 400, 0, 300, 900, 200] })

/** Creates drawings on the server. */
async function fill(user, count, about = {}) {
  const api = await server.client(user)
  for (let i = 0; i < count; i += 1) {
    await api('POST', `/drawings/d${i}/actions`, { from_seq: 0, actions: [stroke(100 + i * 40)], drawing: { title: `画 ${i}`, ...about } })
  }
  return api
}

test('an empty gallery invites to draw', async () => {
  await withPhone('empty', async (phone) => {
    await phone.tap('画廊')
    await phone.text('还没有画').waitFor()
    await phone.screenshot('empty')
    await phone.tap('画第一幅')
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.back()
    await cards(phone).first().waitFor()
    assert.equal(await cards(phone).count(), 1)
  })
})

test('newest first, more as one scrolls, a tap opens', async () => {
  await fill('many', 45)
  await withPhone('many', async (phone) => {
    await phone.tap('画廊')
    await cards(phone).nth(19).waitFor()
    assert.equal(await cards(phone).filter({ hasText: '画 44' }).count(), 1)
    await phone.page.waitForFunction(() => [...document.querySelectorAll('image img')].slice(0, 4).every((image) => image.complete && image.naturalWidth > 0))
    await phone.screenshot('gallery')
    for (const count of [40, 45]) {
      await phone.page.locator('.mp-page:not([hidden]) .mp-scroll').evaluate((scroller) => { scroller.scrollTop = scroller.scrollHeight })
      await cards(phone).nth(count - 1).waitFor()
    }
    assert.equal(await cards(phone).count(), 45)
    await phone.text('共 45 幅').waitFor()
    await cards(phone).filter({ hasText: '画 10' }).tap()
    await phone.see(INK, 500 / 2048, 400 / 2731)
  })
})

test('one draws on a drawing before it has come, and all of it is there in the end', async () => {
  const api = await fill('early', 1)
  await withPhone('early', async (phone) => {
    await phone.tap('画廊')
    await phone.page.waitForFunction(() => document.querySelector('.card image img')?.naturalWidth > 0)
    let answer
    const held = new Promise((resolve) => { answer = resolve })
    // Blocks the drawing itself, not the saves of its actions nor the check for changes.
    await phone.page.route(/\/drawings\/d0$/, async (route) => {
      await held
      await route.continue()
    })
    await cards(phone).first().tap()
    // The gallery's picture is shown and accepts a stroke.
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await phone.see(INK, 0.5, 0.8)
    await phone.state('已保存')
    assert.deepEqual((await api('GET', '/drawings/d0')).actions.length, 2)
    // Without actions, neither the eraser nor a partial zoom is available.
    await phone.tap('橡皮')
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await phone.text('画还在路上，稍等再擦').waitFor()
    answer()
    await phone.page.waitForFunction(() => !document.querySelector('.mp-page:not([hidden]) .paper image'))
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.see(INK, 0.5, 0.8)
    // The picture is complete now: the eraser removes both strokes and undo restores them.
    await phone.draw([250 / 2048, 0.2], [250 / 2048, 0.5])
    await phone.see('#ffffff', 250 / 2048, 850 / 2731)
    await phone.tap('撤销')
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.state('已保存')
    assert.deepEqual((await api('GET', '/drawings/d0')).actions.map(({ tool, type }) => tool ?? type), ['pen', 'pen', 'eraser', 'undo'])
  })
})

test('pulling down asks anew', async () => {
  const api = await fill('pull', 2)
  await withPhone('pull', async (phone) => {
    await phone.tap('画廊')
    await cards(phone).nth(1).waitFor()
    await api('POST', '/drawings/later/actions', { from_seq: 0, actions: [stroke(9)], drawing: { title: '后来的' } })
    await phone.send('touchStart', [[200, 200]])
    for (const y of [240, 280, 320]) await phone.send('touchMove', [[200, y]])
    await phone.send('touchEnd', [])
    await cards(phone).filter({ hasText: '后来的' }).waitFor()
    assert.equal(await cards(phone).count(), 3)
  })
})

test('delete is gone at once and taken back by one tap; the bin restores too', async () => {
  const api = await fill('delete', 3)
  await withPhone('delete', async (phone) => {
    await phone.tap('画廊')
    const card = cards(phone).filter({ hasText: '画 1' })
    await card.waitFor()
    // The test ends the six seconds for undo explicitly.
    await phone.page.evaluate(() => {
      const { setTimeout: real } = window
      window.setTimeout = (run, ms, ...rest) => {
        if (ms !== 6_000) return real(run, ms, ...rest)
        window.runOut = run
        return 0
      }
    })
    await phone.longPress(card)
    await phone.screenshot('menu')
    await phone.tap('删除')
    await card.waitFor({ state: 'detached' })
    await phone.screenshot('undo')
    await phone.tap('撤销删除')
    await card.waitFor()
    assert.equal((await api('GET', '/drawings')).drawings.length, 3)

    await phone.longPress(card)
    await phone.tap('删除')
    await card.waitFor({ state: 'detached' })
    await phone.button('撤销删除').waitFor()
    await phone.page.evaluate(() => window.runOut())
    await phone.button('撤销删除').waitFor({ state: 'detached' })
    await phone.tap('我')
    await phone.tap('最近删除')
    await phone.text('画 1').waitFor()
    await phone.page.waitForFunction(() => document.querySelector('.mp-page:not([hidden]) .card image img')?.naturalWidth > 0)
    await phone.screenshot('bin')
    await phone.tap('恢复 画 1')
    await phone.text('没有删除的画').waitFor()
    await phone.back()
    await phone.back()
    await card.waitFor()
  })
})

test('a drawing from the list plays again and stands complete at the end', async () => {
  await fill('replay', 1)
  await withPhone('replay', async (phone) => {
    await phone.tap('画廊')
    await phone.longPress(cards(phone).first())
    await phone.tap('回放')
    // The duration is not asserted: a slow machine may check after the end.
    await phone.button('播放').waitFor()
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.screenshot('replay')
    // At the beginning of the timeline, the stroke is absent.
    const track = await phone.button('进度').boundingBox()
    await phone.send('touchStart', [[track.x + track.width - 4, track.y + 20]])
    await phone.send('touchMove', [[track.x + 1, track.y + 20]])
    await phone.see('#ffffff', 250 / 2048, 850 / 2731)
    await phone.send('touchEnd', [])
    await phone.tap('速度自动，二十秒以内')
    await phone.tap('速度 1 倍')
    await phone.tap('速度 2 倍')
    await phone.tap('循环')
    await phone.tap('播放')
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.tap('暂停')
  })
})

test('two users never see each other', async () => {
  await withPhone('anna', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
  })
  await withPhone('boris', async (phone) => {
    await phone.see('#ffffff', 0.5, 0.3)
    await phone.tap('画廊')
    await phone.text('还没有画').waitFor()
  })
  // The same holds for two users of one phone, one after the other.
  await withPhone('anna', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    phone.user = 'carl'
    await phone.start('pages/gallery/gallery')
    await phone.text('还没有画').waitFor()
    phone.user = 'anna'
    await phone.start('pages/gallery/gallery')
    await cards(phone).nth(1).waitFor()
  })
})

test('a drawing takes a name, one that was never saved too', async () => {
  const api = await fill('rename', 1)
  await withPhone('rename', async (phone) => {
    await phone.tap('画廊')
    await phone.longPress(cards(phone).first())
    await phone.tap('改名')
    await phone.button('名字').fill('小猫')
    await phone.tap('保存')
    await cards(phone).filter({ hasText: '小猫' }).waitFor()
    assert.equal((await api('GET', '/drawings/d0')).title, '小猫')
  })
  await withPhone('draft', async (phone) => {
    await phone.toggleNetwork()
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('离线，已存本机')
    await phone.tap('画廊')
    await phone.longPress(cards(phone).first())
    await phone.tap('改名')
    await phone.button('名字').fill('雨天')
    await phone.tap('保存')
    await cards(phone).filter({ hasText: '雨天' }).waitFor()
    await phone.toggleNetwork()
    await phone.text('离线，已存本机').waitFor({ state: 'detached' })
    assert.equal((await (await server.client('draft'))('GET', '/drawings')).drawings[0].title, '雨天')
  })
})

test('several deletions are restored by one tap, each in its old place', async () => {
  const api = await fill('several', 5)
  await withPhone('several', async (phone) => {
    const titles = () => cards(phone).locator('.name').allTextContents()
    await phone.tap('画廊')
    await cards(phone).nth(4).waitFor()
    const before = (await api('GET', '/drawings')).drawings.map(({ id, updated_at: at }) => [id, at])
    const shown = await titles()
    // The time for undo does not end by itself here.
    await phone.page.evaluate(() => {
      const { setTimeout: real } = window
      window.setTimeout = (run, ms, ...rest) => (ms === 6_000 ? 0 : real(run, ms, ...rest))
    })
    for (const name of ['画 1', '画 3', '画 0']) {
      const card = cards(phone).filter({ hasText: name })
      await phone.longPress(card)
      await phone.tap('删除')
      await card.waitFor({ state: 'detached' })
    }
    await phone.text('已删除 3 幅').waitFor()
    await phone.screenshot('undo-several')
    await phone.tap('撤销删除')
    await cards(phone).nth(4).waitFor()
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).reloading)
    assert.deepEqual(await titles(), shown)
    assert.deepEqual((await api('GET', '/drawings')).drawings.map(({ id, updated_at: at }) => [id, at]), before)
  })
})

test('the bin shows what was deleted, and removes one or all of it for good', async () => {
  const api = await fill('shredder', 3)
  for (const id of ['d0', 'd1', 'd2']) await api('DELETE', `/drawings/${id}`)
  await withPhone('shredder', async (phone) => {
    await phone.start('pages/bin/bin')
    const look = phone.page.locator('.mp-page:not([hidden]) .look').filter({ hasText: '画 1' })
    await look.tap()
    await phone.page.waitForFunction(() => document.querySelector('.large-image img')?.naturalWidth > 800)
    await phone.screenshot('bin-look')
    await phone.tap('彻底删除')
    await phone.answer('彻底删除这幅画？', '彻底删除')
    await look.waitFor({ state: 'detached' })
    assert.equal((await api('GET', '/drawings?deleted=true')).drawings.length, 2)
    await phone.tap('清空')
    await phone.answer('清空最近删除？', '清空')
    await phone.text('没有删除的画').waitFor()
    assert.equal((await api('GET', '/drawings?deleted=true')).drawings.length, 0)
    assert.deepEqual((await api('GET', '/me')).usage, { drawings: 0, bytes: 0 })
  })
})

test('a drawing is copied, and both go their own way', async () => {
  const api = await fill('twin', 1)
  await withPhone('twin', async (phone) => {
    await phone.tap('画廊')
    await phone.longPress(cards(phone).first())
    await phone.tap('复制一幅')
    await cards(phone).nth(1).waitFor()
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).services.studio.drafts().length === 0)
    const { drawings } = await api('GET', '/drawings')
    assert.equal(drawings.length, 2)
    const [copy, original] = await Promise.all(drawings.map(({ id }) => api('GET', `/drawings/${id}`)))
    assert.deepEqual([copy.actions, copy.title], [original.actions, original.title])
    await cards(phone).first().tap()
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await phone.state('已保存')
    assert.deepEqual((await Promise.all(drawings.map(({ id }) => api('GET', `/drawings/${id}`)))).map(({ actions }) => actions.length), [2, 1])
  })
})

test('back from a drawing the gallery has its last stroke, however late the server', async () => {
  const api = await fill('late', 1)
  await withPhone('late', async (phone) => {
    const inked = () => phone.page.waitForFunction(async () => {
      const image = document.querySelector('.mp-page:not([hidden]) .card:not(.bone) image img')
      if (!image?.complete || !image.naturalWidth) return false
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight)
      const context = canvas.getContext('2d')
      context.drawImage(image, 0, 0)
      const { data } = context.getImageData(canvas.width / 2, canvas.height * 0.8, 1, 1)
      return data[0] < 100
    }, undefined, { polling: 50 })
    await phone.tap('画廊')
    await cards(phone).first().tap()
    await phone.see(INK, 250 / 2048, 850 / 2731)
    await phone.page.waitForFunction(() => window.getCurrentPages().at(-1).drawing.whole)
    // The list's reply arrives before the stroke, as on a slow network.
    let answer
    const held = new Promise((resolve) => { answer = resolve })
    await phone.page.route('**/actions', async (route) => {
      await held
      await route.continue()
    })
    await phone.tap('粗细：特粗')
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    const listed = phone.page.waitForResponse(/\/drawings\?limit/)
    await phone.back()
    await listed
    await inked()
    const again = phone.page.waitForResponse(/\/drawings\?limit/)
    answer()
    await again
    await phone.page.waitForFunction(() => document.querySelector('.card image img')?.src.includes('/images/'))
    await inked()
    assert.equal((await api('GET', '/drawings/d0')).actions.length, 2)
  })
})

test('a drawing whose strokes were all undone leaves no blank card', async () => {
  await withPhone('undone', async (phone) => {
    await phone.start('pages/gallery/gallery')
    await phone.tap('画第一幅')
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.tap('撤销')
    await phone.back()
    await phone.text('还没有画').waitFor()
    const api = await server.client('undone')
    await phone.page.waitForFunction(async () => !window.getCurrentPages().at(-1).reloading)
    await phone.page.reload()
    await phone.text('还没有画').waitFor()
    assert.equal((await api('GET', '/drawings')).drawings.length, 0)
    assert.equal((await api('GET', '/drawings?deleted=true')).drawings.length, 1)
  })
})

test('the gallery keeps its place and its cards, and says where the list ends for want of a network', async () => {
  await fill('scroller', 45)
  await withPhone('scroller', async (phone) => {
    const scroller = phone.page.locator('.mp-page:not([hidden]) .mp-scroll')
    const toEnd = () => scroller.evaluate((node) => { node.scrollTop = node.scrollHeight })
    await phone.tap('画廊')
    await cards(phone).nth(19).waitFor()
    await toEnd()
    await cards(phone).nth(39).waitFor()
    const place = await scroller.evaluate((node) => node.scrollTop)
    // After a drawing was opened and left, the old list stays visible while the first page reloads.
    await phone.page.route(/\/drawings\?limit=20$/, async (route) => {
      await new Promise((resolve) => { setTimeout(resolve, 300) })
      await route.continue()
    })
    // Through the page's method, because a tap would scroll to its target.
    await phone.page.evaluate(() => window.wx.navigateTo({ url: '/pages/draw/draw?id=d5' }))
    await phone.page.locator('.mp-page:not([hidden]) #live').waitFor()
    const listed = phone.page.waitForResponse(/\/drawings\?limit=20$/)
    await phone.back()
    assert.equal(await cards(phone).count(), 40)
    await listed
    await phone.page.waitForFunction(() => !window.getCurrentPages().at(-1).reloading)
    assert.equal(await cards(phone).count(), 40)
    assert.equal(await scroller.evaluate((node) => node.scrollTop), place)
    await phone.page.unrouteAll()
    await phone.toggleNetwork()
    await toEnd()
    await phone.text('没有网络，点这里再试').waitFor()
    assert.equal(await phone.page.locator('.bone').count(), 0)
    // The list continues by itself when the phone is online again.
    await phone.toggleNetwork()
    await cards(phone).nth(44).waitFor()
    // The page reports a server that does not reply; a tap retries.
    await phone.start('pages/gallery/gallery')
    await cards(phone).nth(19).waitFor()
    await phone.page.route(/cursor=/, (route) => route.abort())
    // Twice: the error line extends the list, whose end requests again.
    for (let i = 0; i < 2; i += 1) {
      await toEnd()
      await phone.text('暂时连不上服务器，点这里再试').waitFor()
    }
    // A tap asks again while the server still does not reply, and afterwards; a request of the list's end may be first.
    const asked = phone.page.waitForRequest(/cursor=/)
    await phone.tap('暂时连不上服务器，点这里再试')
    await asked
    await phone.page.unrouteAll()
    const line = phone.button('暂时连不上服务器，点这里再试').filter({ visible: true })
    await line.or(cards(phone).nth(39)).first().waitFor()
    if (await cards(phone).count() < 40) await line.tap({ timeout: 2_000 }).catch(() => undefined)
    await cards(phone).nth(39).waitFor()
  })
})

for (const [width, height, columns] of [[320, 568, 2], [667, 375, 4], [768, 1024, 4]]) {
  test(`the gallery has ${columns} columns on ${width} x ${height}`, async () => {
    await fill(`wide-${width}`, 8)
    await withPhone(`wide-${width}`, async (phone) => {
      await phone.start('pages/gallery/gallery')
      await cards(phone).nth(7).waitFor()
      assert.equal(await phone.page.locator('.mp-page:not([hidden]) .column').count(), columns)
      const box = await cards(phone).first().boundingBox()
      assert.ok(box.height < height * 0.8, `a card of ${box.height} px`)
      await phone.page.waitForFunction(() => [...document.querySelectorAll('image img')].every((image) => image.complete && image.naturalWidth > 0))
      await phone.screenshot(`gallery-${width}`)
    }, { viewport: { width, height } })
  })
}
