// How the user came into the app: by a card, a mini-program code, the timeline, or by themselves.

const { PAGE, codeOf } = require('./share')

/** WeChat's number for the timeline's single-page mode: no sign-in, no navigation, a storage of its own. */
const TIMELINE = 1154

class Entry {
  /** @param {{ wx: any }} deps */
  constructor({ wx }) {
    this.wx = wx
    /** The entry that was taken last: WeChat tells the same one again whenever the app comes to the front. */
    this.taken = ''
  }

  /** The last start, cold or hot. @returns {{ path: string, query: Record<string, string>, scene: number }} */
  get options() {
    return this.wx.getEnterOptionsSync()
  }

  /** The timeline shows one page and nothing else. */
  get single() {
    return this.options.scene === TIMELINE
  }

  /** The code of the share that led here; empty where none did. */
  get code() {
    const { path, query } = this.options
    return path === PAGE ? codeOf(query) : ''
  }

  /**
   * The code of a share, once per entry: a page that is open already gets no onLoad when a card opens it.
   * @returns {string} empty where the entry leads to no share, or was taken before
   */
  take() {
    const { path, query } = this.options
    const key = `${path}?${JSON.stringify(query)}`
    if (key === this.taken) return ''
    this.taken = key
    return this.code
  }
}

module.exports = { Entry }
