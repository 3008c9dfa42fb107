// Which phone this tab is, and who holds it.
//
// WeChat keeps a mini-program's storage apart by phone and by user. So does the preview: the first tab of a
// browser is phone 1, a second one beside it phone 2, and each user has a storage of his own on each.

const USER_KEY = 'preview.user'
const MOST_DEVICES = 20
/** The scene of the timeline's single-page mode, which has a storage of its own. */
export const TIMELINE = 1154

export const USERS = [
  { id: 'alice', name: '小艾' },
  { id: 'bob', name: '阿柏' },
  { id: 'carol', name: '可乐' },
]

/** @returns {Promise<number>} the lowest number that no other tab holds; held until the tab closes */
async function claimNumber() {
  if (!navigator.locks) return 1
  for (let number = 1; number < MOST_DEVICES; number += 1) {
    const claimed = await new Promise((resolve) => {
      navigator.locks.request(`preview.device.${number}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock))
        return lock ? new Promise(() => {}) : undefined
      })
    })
    if (claimed) return number
  }
  return MOST_DEVICES
}

export async function claimDevice() {
  const number = await claimNumber()
  const search = new URLSearchParams(location.search)
  const user = search.get('user') || localStorage.getItem(USER_KEY) || USERS[0].id
  const apart = search.get('scene') === String(TIMELINE) ? 'timeline.' : ''
  return {
    number,
    user,
    /** Where the server is: the folder of this page, without a slash at its end. */
    base: new URL('.', location.href).href.replace(/\/$/, ''),
    /** What every key in localStorage begins with. */
    prefix: `preview.${number}.${user}.${apart}`,
    /** @param {string} id */
    switchTo(id) {
      localStorage.setItem(USER_KEY, id)
      location.href = location.pathname
    },
  }
}
