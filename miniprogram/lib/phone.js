// Binding a phone number, from the event of WeChat's button to the server's answer.

const { Failure } = require('./http')

/**
 * @typedef {object} Given the detail of `bindgetphonenumber`
 * @property {string} [errMsg]
 * @property {string} [code] valid once and for five minutes; not the code of wx.login
 * @property {string} [encryptedData] the form of 2018, encrypted with the session_key
 * @property {string} [iv]
 */

/**
 * The request that binds a number.
 *
 * A `code` needs no session_key. Encrypted data opens only with the key it was encrypted with, so wx.checkSession
 * is asked whether the server's key is still valid. Otherwise a sign-in gives the server the new key, and the user
 * has to tap once more.
 * @param {import('./session').Session} session
 * @param {Given} given
 * @returns {Promise<object | null>} null where the user refused; rejects with a Failure
 */
async function phoneRequest(session, { errMsg = '', code, encryptedData, iv }) {
  if (code) return { code }
  if (encryptedData && iv) {
    if (await session.keyHolds()) return { encrypted_data: encryptedData, iv }
    throw new Failure('refused', { code: 'session_key_superseded' })
  }
  if (/deny|cancel|privacy permission/.test(errMsg)) return null
  throw new Failure('refused', { code: 'phone_not_given', detail: errMsg })
}

/**
 * Binds the number that WeChat's button gave.
 * @param {{ session: import('./session').Session, api: import('./api').Api }} services
 * @param {Given} given
 * @returns {Promise<boolean>} false where the user refused; rejects with a Failure
 */
async function bindPhone({ session, api }, given) {
  const request = await phoneRequest(session, given)
  if (!request) return false
  try {
    await api.bindPhone(request)
  } catch (error) {
    // Superseded on another phone: only a sign-in gives the server the new key.
    if (error instanceof Failure && error.code === 'session_key_superseded') {
      session.forget()
      await session.token()
    }
    throw error
  }
  return true
}

module.exports = { bindPhone, phoneRequest }
