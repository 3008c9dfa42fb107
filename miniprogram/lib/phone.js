// The phone number: from a tap on WeChat's button to what the server is asked.

const { Failure } = require('./http')

/**
 * @typedef {object} Given what `bindgetphonenumber` brings
 * @property {string} [errMsg]
 * @property {string} [code] good once and for five minutes; not that of wx.login
 * @property {string} [encryptedData] that of 2018, under the session_key
 * @property {string} [iv]
 */

/**
 * The request that binds a number.
 *
 * A `code` needs no session_key. What is encrypted can only be opened with the key it was encrypted with, so
 * wx.checkSession is asked whether that is still the one that the server has; where it is not, a sign-in gives
 * the server the new one, and the user has to tap once more.
 * @param {import('./session').Session} session
 * @param {Given} given
 * @returns {Promise<object | null>} null where the user refused; rejects with a Failure
 */
async function phoneRequest(session, { errMsg = '', code, encryptedData, iv }) {
  if (code) return { code }
  if (encryptedData && iv) {
    if (await session.keyHolds()) return { encrypted_data: encryptedData, iv }
    throw new Failure('refused', { code: 'key_superseded' })
  }
  if (/deny|cancel|privacy permission/.test(errMsg)) return null
  throw new Failure('refused', { code: 'phone_not_given', detail: errMsg })
}

module.exports = { phoneRequest }
