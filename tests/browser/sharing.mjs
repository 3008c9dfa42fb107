// Shares for the tests of the sheet and of the page that others see.

import { PATIENCE } from './harness.mjs'

export const stroke = { type: 'stroke', tool: 'pen', color: '#22211f', width: 200, at: 1, points: [400, 700, 0, 1200, 1300, 200] }

/** Waits until a condition holds. @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
export async function until(ask) {
  const end = Date.now() + PATIENCE
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error('it did not happen')
    await new Promise((done) => { setTimeout(done, 50) })
  }
}

/**
 * A shared drawing of a user without a browser.
 * @param {import('./harness.mjs').Server} server @param {string} user @param {object} [drawing]
 */
export async function shared(server, user, drawing = {}) {
  const api = await server.client(user)
  const about = { title: '', width: 2048, height: 2731, mode: 'free', ...drawing }
  await api('POST', '/drawings/a/actions', { from_seq: 0, actions: [stroke], drawing: about })
  return { api, ...(await api('POST', '/drawings/a/share', {})) }
}

/** A shared drawing that everybody sees. @type {typeof shared} */
export async function shown(server, user, drawing) {
  const share = await shared(server, user, drawing)
  await until(async () => (await fetch(`${share.url}.json`)).status === 200)
  return share
}

/** The page of a share in the app. @param {string} code */
export const landing = (code) => `pages/share/share?code=${code}`

/** The picture of a card. @param {import('./harness.mjs').Phone} phone */
export const cardPicture = (phone) => phone.page.getByRole('dialog', { name: '分享', exact: true }).getByRole('img', { name: '分享图' })
