// `dev --lan`: a real phone in the same network, at an address without a certificate and below an unguessable path.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const INK = '#22211f'

const { server, withPhone } = await launch(['--lan'])

test('everything is behind the path, and nothing without it', async () => {
  const { origin, pathname } = new URL(server.url)
  assert.ok(pathname.length > 10, pathname)
  for (const path of ['/', '/api/v1/limits', '/dev/wx/login', '/host.js', `${pathname.slice(0, -1)}/api/v1/limits`]) {
    assert.equal((await fetch(`${origin}${path}`)).status, 404, path)
  }
})

test('a phone draws, saves, and finds its drawing in the gallery and its picture', async () => {
  await withPhone('visitor', async (phone) => {
    // The app fills the screen: the frame and the panel belong to the desktop layout.
    assert.deepEqual(await phone.page.evaluate(() => [document.querySelector('.phone').clientWidth, document.querySelector('.panel').clientWidth]), [390, 0])
    await phone.draw([0.2, 0.3], [0.8, 0.3])
    await phone.see(INK, 0.5, 0.3)
    await phone.state('已保存')
    await phone.tap('画廊')
    await phone.page.waitForFunction(() => document.querySelector('.card image img')?.naturalWidth > 0)
    const asked = await phone.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
    const { pathname } = new URL(server.url)
    for (const url of asked.filter((name) => name.startsWith('http'))) assert.ok(new URL(url).pathname.startsWith(`${pathname}/`), url)
    await phone.page.locator('.card:not(.bone)').first().tap()
    await phone.see(INK, 0.5, 0.3)
    await phone.start()
    await phone.see(INK, 0.5, 0.3)
  })
})
