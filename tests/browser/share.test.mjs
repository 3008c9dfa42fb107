// Sharing a drawing, from the sheet to the page that others see.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launch } from './harness.mjs'

const { server, withPhone } = await launch()

const stroke = { type: 'stroke', tool: 'pen', color: '#22211f', width: 200, at: 1, points: [400, 700, 0, 1200, 1300, 200] }

/** WeChat's own menu, behind the three dots. */
async function shareFromMenu(phone) {
  await phone.page.getByLabel('小程序菜单').tap()
  return phone.page.getByRole('dialog', { name: '分享', exact: true })
}

test('the card of every page is the app\'s own: nothing of an unchecked drawing leaves the phone', async () => {
  const api = await server.client('unchecked')
  await api('POST', '/drawings/a/actions', { from_seq: 0, actions: [stroke], drawing: { title: '未经检查', width: 2048, height: 2731, mode: 'free' } })
  await withPhone('unchecked', async (phone) => {
    for (const path of ['draw/draw?id=a', 'replay/replay?id=a', 'gallery/gallery']) {
      await phone.start(`pages/${path}`)
      const card = await shareFromMenu(phone)
      const image = card.getByRole('img', { name: '分享图' })
      await image.waitFor()
      assert.equal(await image.getAttribute('src'), 'mp/images/cover.jpg', path)
      const size = await image.evaluate(async (node) => { await node.decode(); return [node.naturalWidth, node.naturalHeight] })
      assert.equal(size[0] / size[1], 5 / 4)
      assert.equal(await card.getByText('未经检查').count(), 0, path)
      await phone.answer('分享', '好')
    }
  })
})
