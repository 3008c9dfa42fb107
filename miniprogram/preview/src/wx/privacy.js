// WeChat's privacy authorisation: before the first use of an interface that the privacy guide names, the app is
// told that it needs the user's consent, and the use goes on or fails by what it answers.

const REFUSED = 'fail privacy permission is not authorized'
/** What errno says of a refusal. */
const ERRNO = 104

/**
 * @param {object} deps
 * @param {any} deps.shell
 * @param {any} deps.device
 */
export function makePrivacy({ shell, device }) {
  const key = `preview.${device.number}.${device.user}.privacy`
  // Only where the panel asked for it: a preview that asks every new user first would be in the way.
  const unasked = () => localStorage.getItem(key) === 'unasked'
  const listeners = new Set()
  /** The buttons with open-type="agreePrivacyAuthorization" that were tapped. */
  const tapped = new Set()
  shell.onPrivacyReset = () => {
    localStorage.setItem(key, 'unasked')
    tapped.clear()
  }

  /** @param {string} name of the interface @returns {Promise<void>} rejects where the user refused */
  function needed(name) {
    if (!unasked()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const refuse = () => reject({ errMsg: `${name}:${REFUSED}`, errno: ERRNO })
      if (listeners.size === 0) {
        refuse()
        return
      }
      const answer = ({ event, buttonId }) => {
        if (event === 'exposureAuthorization') return
        // WeChat takes no word for it: the button has to have been tapped.
        if (event === 'agree' && tapped.has(buttonId)) {
          localStorage.setItem(key, 'agreed')
          resolve()
        } else refuse()
      }
      for (const listener of listeners) listener(answer, { referrer: name })
    })
  }

  return {
    needed,
    agreed: (buttonId) => tapped.add(buttonId),
    /** An interface that asks first. */
    guard: (name, run) => (options) => {
      if (!unasked()) return run(options)
      return needed(name).then(() => run(options), (error) => {
        options?.fail?.(error)
        options?.complete?.(error)
        if (!options?.fail && !options?.complete) throw error
      })
    },
    api: {
      onNeedPrivacyAuthorization: (listener) => { listeners.add(listener) },
      offNeedPrivacyAuthorization: (listener) => { listeners.delete(listener) },
      getPrivacySetting: ({ success, complete } = {}) => {
        const reply = { errMsg: 'getPrivacySetting:ok', needAuthorization: unasked(), privacyContractName: '《一笔到底隐私保护指引》' }
        success?.(reply)
        complete?.(reply)
      },
      requirePrivacyAuthorize: ({ success, fail } = {}) => {
        needed('requirePrivacyAuthorize').then(() => success?.({ errMsg: 'requirePrivacyAuthorize:ok' }), (error) => fail?.(error))
      },
    },
  }
}
