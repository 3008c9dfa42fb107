import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'
const WHITE = '#ffffff'

const { server, withPhone } = await launch()

/** The stored actions of a user's only drawing. */
async function saved(user) {
  const api = await server.client(user)
  const { drawings } = await api('GET', '/drawings')
  assert.equal(drawings.length, 1)
  return (await api('GET', `/drawings/${drawings[0].id}`)).actions
}

test('an app that was closed a moment ago comes back to its drawing', async () => {
  await withPhone('reload', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    // The server is killed before the second stroke is saved.
    await phone.state('已保存')
    await phone.draw([0.2, 0.6], [0.8, 0.6])
    await phone.start()
    await phone.see(INK, 0.5, 0.3)
    await phone.see(INK, 0.5, 0.6)
    await phone.state('已保存')
    assert.equal((await saved('reload')).length, 2)
  })
})

test('offline one draws on, offline one starts again, and back online all is saved', async () => {
  await withPhone('offline', async (phone) => {
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('已保存')
    await phone.toggleNetwork()
    await phone.draw([0.2, 0.6], [0.8, 0.6])
    await phone.state('离线，已存本机')
    await phone.screenshot('offline')
    await phone.tap('画廊')
    await phone.text('没有网络，先看本机上的画').waitFor()
    await phone.text('离线，已存本机').waitFor()
    await phone.screenshot('gallery-offline')
    await phone.toggleNetwork()
    await phone.text('没有网络，先看本机上的画').waitFor({ state: 'detached' })
    await phone.text('离线，已存本机').waitFor({ state: 'detached' })
    assert.equal((await saved('offline')).length, 2)
  })
})

test('the first drawing needs no network at all', async () => {
  await withPhone('never', async (phone) => {
    await phone.page.route('**/api/**', (route) => route.abort())
    await phone.page.route('**/dev/**', (route) => route.abort())
    await phone.start()
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('暂时连不上服务器，已存本机')
    await phone.page.unroute('**/api/**')
    await phone.page.unroute('**/dev/**')
    await phone.start()
    await phone.see(INK, 0.5, 0.3)
    await phone.state('已保存')
    assert.equal((await saved('never')).length, 1)
  })
})

test('a reply that is lost neither loses nor doubles a stroke', async () => {
  await withPhone('lost', async (phone) => {
    let lost = 0
    await phone.page.route('**/actions', async (route) => {
      lost += 1
      if (lost > 2) return route.continue()
      await route.fetch()
      return route.abort()
    })
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('暂时连不上服务器，已存本机')
    await phone.draw([0.2, 0.6], [0.8, 0.6])
    await phone.state('已保存')
    assert.ok(lost > 2)
    assert.equal((await saved('lost')).length, 2)
  })
})

test('two phones on one drawing end with the same picture and all strokes', async () => {
  await withPhone('both', async (one) => {
    await one.draw([0.2, 0.2], [0.8, 0.2])
    await one.state('已保存')
    await withPhone('both', async (two) => {
      await two.start('pages/gallery/gallery')
      await two.page.locator('.card:not(.bone)').first().tap()
      await two.see(INK, 0.5, 0.2)
      await two.draw([0.2, 0.5], [0.8, 0.5])
      await two.state('已保存')
      // The first phone has not loaded the change and undoes its visible state.
      await one.draw([0.2, 0.8], [0.8, 0.8])
      await one.state('已保存')
      await one.see(INK, 0.5, 0.5)
      await one.see(INK, 0.5, 0.8)
      await two.draw([0.2, 0.9], [0.4, 0.9])
      await two.state('已保存')
      await two.see(INK, 0.5, 0.8)
      assert.equal((await saved('both')).length, 4)
    })
  })
})

test('two tabs of one browser are two phones', async () => {
  await withPhone('tabs', async (phone) => {
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.state('已保存')
    const first = { page: phone.page, touch: phone.touch }
    await phone.tab()
    await phone.see(WHITE, 0.5, 0.2)
    await phone.start('pages/gallery/gallery')
    await phone.page.locator('.card:not(.bone)').first().tap()
    await phone.see(INK, 0.5, 0.2)
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('已保存')
    Object.assign(phone, first)
    await phone.page.bringToFront()
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await phone.see(INK, 0.5, 0.5)
    await phone.state('已保存')
    assert.equal((await saved('tabs')).length, 3)
  })
})

test('deleted on another phone while one draws: restore and go on', async () => {
  await withPhone('gone', async (phone) => {
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.state('已保存')
    const api = await server.client('gone')
    const [{ id }] = (await api('GET', '/drawings')).drawings
    await api('DELETE', `/drawings/${id}`)
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('已在别处删除')
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.screenshot('deleted')
    await phone.tap('恢复并继续')
    await phone.state('已保存')
    assert.equal((await saved('gone')).length, 2)

    await api('DELETE', `/drawings/${id}`)
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await phone.state('已在别处删除')
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.tap('另存为新画')
    await phone.state('已保存')
    await phone.see(INK, 0.5, 0.8)
    assert.equal((await saved('gone')).length, 3)
  })
})

test('a server that dies in the middle of a drawing', async () => {
  await withPhone('power', async (phone) => {
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.state('已保存')
    await server.kill()
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('暂时连不上服务器，已存本机')
    await phone.draw([0.2, 0.8], [0.8, 0.8])
    await server.run()
    await phone.state('已保存')
    assert.equal((await saved('power')).length, 3)
  })
})

test('what the server refuses stays on the phone, with a number for support that a tap copies', async () => {
  await withPhone('refused', async (phone) => {
    await phone.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    let tries = 0
    await phone.page.route('**/actions', (route) => {
      tries += 1
      return route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: 'about:blank', title: 'Full', status: 422, code: 'drawing_full', request_id: '0123456789abcdef' }),
      })
    })
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('存满了，已存本机')
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.text('这幅画存满了').waitFor()
    await phone.screenshot('fault')
    await phone.tap('复制编号 01234567')
    assert.equal(await phone.page.evaluate(() => navigator.clipboard.readText()), '01234567')
    assert.equal(tries, 1)
    await phone.page.unroute('**/actions')
    await phone.tap('现在重试')
    await phone.state('已保存')
    assert.equal((await saved('refused')).length, 2)
  })
})

test('a full storage loses nothing while there is a server', async () => {
  await withPhone('full', async (phone) => {
    await phone.page.evaluate(() => {
      for (let size = 1_000_000; size >= 10; size = Math.floor(size / 10)) {
        try {
          for (let i = 0; ; i += 1) localStorage.setItem(`other.${size}.${i}`, 'x'.repeat(size))
        } catch {
          // The storage is full for this size; a smaller value may still fit.
        }
      }
    })
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('手机存储已满，正在上传')
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('已保存')
    assert.equal((await saved('full')).length, 2)
  })
})

test('a call that comes in ends the stroke, and keeps it', async () => {
  await withPhone('call', async (phone) => {
    const paper = await phone.paper()
    await phone.send('touchStart', [paper.at(0.2, 0.3)])
    await phone.send('touchMove', [paper.at(0.5, 0.3)])
    await phone.send('touchMove', [paper.at(0.8, 0.3)])
    await phone.send('touchCancel', [])
    await phone.see(INK, 0.5, 0.3)
    await phone.draw([0.2, 0.6], [0.8, 0.6])
    await phone.state('已保存')
    assert.equal((await saved('call')).length, 2)
  })
})

test('a full storage without a network is told as what it is, and offers the picture', async () => {
  await withPhone('crowded', async (phone) => {
    await phone.page.evaluate(() => {
      for (let size = 1_000_000; size >= 10; size = Math.floor(size / 10)) {
        try {
          for (let i = 0; ; i += 1) localStorage.setItem(`other.${size}.${i}`, 'x'.repeat(size))
        } catch {
          // The storage is full for this size; a smaller value may still fit.
        }
      }
    })
    await phone.toggleNetwork()
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.state('手机存储已满、没有网络：这几笔还没有保存，先别关闭')
    await phone.screenshot('unwritten')
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.text('这几笔还没有保存').waitFor()
    await phone.button('保存图片').waitFor()
    await phone.tap('知道了')
    await phone.tap('画廊')
    await phone.text('手机存储已满、没有网络：这几笔还没有保存，先别关闭').waitFor()
    await phone.screenshot('gallery-unwritten')
    await phone.toggleNetwork()
    await phone.text('手机存储已满、没有网络：这几笔还没有保存，先别关闭').waitFor({ state: 'detached' })
    assert.equal((await saved('crowded')).length, 1)
  })
})

test('an undo that another phone overtook is told, and the page shows the other phone\'s strokes when it comes back', async () => {
  await withPhone('overtaken', async (phone) => {
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.state('已保存')
    const api = await server.client('overtaken')
    const [{ id }] = (await api('GET', '/drawings')).drawings
    const { width, height } = await api('GET', `/drawings/${id}`)
    const line = (share) => {
      const [left, way, y] = [0.2 * width, 0.6 * width, share * height].map(Math.round)
      return { type: 'stroke', tool: 'pen', color: INK, width: Math.round(width / 40), at: 9_000, points: [left, y, 0, way, 0, 200] }
    }
    await api('POST', `/drawings/${id}/actions`, { from_seq: 1, actions: [line(0.5)] })
    await phone.tap('撤销')
    await phone.text('另一台手机刚画过，撤销没有生效').waitFor()
    await phone.see(INK, 0.5, 0.5)
    await phone.see(INK, 0.5, 0.2)
    // When the app is shown again, it checks for changes.
    await phone.page.locator('.capsule-close').tap()
    await api('POST', `/drawings/${id}/actions`, { from_seq: 2, actions: [line(0.8)] })
    await phone.page.locator('.capsule-close').tap()
    await phone.see(INK, 0.5, 0.8)
  })
})

test('a drawing that was deleted elsewhere is given up only after a question', async () => {
  await withPhone('asked', async (phone) => {
    await phone.draw([0.2, 0.2], [0.8, 0.2])
    await phone.state('已保存')
    const api = await server.client('asked')
    const [{ id }] = (await api('GET', '/drawings')).drawings
    await api('DELETE', `/drawings/${id}`)
    await phone.draw([0.2, 0.5], [0.8, 0.5])
    await phone.state('已在别处删除')
    await phone.page.locator('.mp-page:not([hidden]) .state').tap()
    await phone.tap('放弃')
    await phone.answer('放弃这幅画？', '留着')
    await phone.tap('放弃')
    await phone.answer('放弃这幅画？', '放弃')
    await phone.see(WHITE, 0.5, 0.5)
  })
})
