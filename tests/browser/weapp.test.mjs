// lib/weapp-session.js against the server's 2016 dialect, in the preview, whose `wx` has a real login.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const source = readFileSync(new URL('../../miniprogram/lib/weapp-session.js', import.meta.url), 'utf8')
const actions = JSON.stringify([
  { method: 'save', data: [] },
  { method: 'setStrokeStyle', data: ['#ff0000'] },
  { method: 'setLineWidth', data: [5] },
  { method: 'strokePath', data: [{ method: 'moveTo', data: [12.5, 40] }, { method: 'lineTo', data: [13, 44.33] }] },
  { method: 'restore', data: [] },
])

const { server, withPhone } = await launch()

test('a mini-program of 2016 signs in, saves, lists and deletes, and signs in again when its session is over', async () => {
  await withPhone('veteran', async (phone) => {
    await phone.page.evaluate((text) => {
      const module = { exports: {} }
      new Function('module', text)(module)
      const { createWeappSession } = module.exports
      window.sent = []
      const { wx } = window
      const counting = new Proxy(wx, {
        get: (target, name) => (name === 'request' ? (options) => { window.sent.push(Object.keys(options.header)); return target.request(options) } : target[name]),
      })
      const session = createWeappSession({ wx: counting })
      window.ask = (method, path, data) => new Promise((success, fail) => {
        session.request({ url: `${location.origin}/applet/session/paints/${path}`, method, data, success: ({ data: body }) => success(body), fail })
      })
    }, source)
    const ask = (...args) => phone.page.evaluate((given) => window.ask(...given), args)
    assert.deepEqual(await ask('GET', 'list'), { code: 0, msg: 'success', data: [] })
    assert.deepEqual(await ask('POST', 'save', { id: 'p1', actions }), { code: 0, msg: 'success', data: {} })
    assert.deepEqual((await ask('GET', 'list')).data, [{ id: 'p1', actions }])
    assert.deepEqual(await phone.page.evaluate(() => window.sent.map((names) => names.length)), [3, 1, 1])

    // All sessions of the user end on the server; the client signs in again by itself.
    const api = await server.client('veteran')
    const { sessions } = await api('GET', '/me/sessions')
    for (const { id, current } of sessions) if (!current) await api('DELETE', `/me/sessions/${id}`)
    await phone.page.waitForTimeout(1_100)
    assert.deepEqual(await ask('POST', 'delete', { id: 'p1' }), { code: 0, msg: 'success', data: {} })
    assert.deepEqual((await ask('GET', 'list')).data, [])
  })
})
