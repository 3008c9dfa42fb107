// WeChat's privacy authorisation: the first use of an interface that needs it asks the user through the page in front.

/**
 * @typedef {(answer: { event: 'agree' | 'disagree' | 'exposureAuthorization', buttonId?: string }) => void} Resolve
 */

/** @param {{ wx: any }} deps */
function createPrivacy({ wx }) {
  /** @type {Resolve[]} */
  let waiting = []
  /** @type {(() => void) | null} */
  let show = null

  if (wx.onNeedPrivacyAuthorization) {
    wx.onNeedPrivacyAuthorization((/** @type {Resolve} */ resolve) => {
      waiting.push(resolve)
      if (show) {
        // WeChat requires the report that the question was shown.
        resolve({ event: 'exposureAuthorization' })
        show()
      }
      else answer({ event: 'disagree' })
    })
  }

  /** @param {Parameters<Resolve>[0]} said */
  function answer(said) {
    const asked = waiting
    waiting = []
    for (const resolve of asked) resolve(said)
  }

  return {
    /** @param {(() => void) | null} shows opens the sheet of the page in front; null when the page leaves */
    attach(shows) {
      show = shows
    },
    /** @param {string} buttonId of the button with open-type agreePrivacyAuthorization that was tapped */
    agree(buttonId) {
      answer({ event: 'agree', buttonId })
    },
    disagree() {
      answer({ event: 'disagree' })
    },
  }
}

module.exports = { createPrivacy }
