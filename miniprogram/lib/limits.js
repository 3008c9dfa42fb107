// The limits of a drawing and of a user, and whether drawings can be shared: the server's, and its defaults until they
// are loaded.

/** The storage key of the limits as the server told them last. */
const KEY = 'yibi.limits'
/** The storage key of what the server said of sharing. */
const SHARING = 'yibi.sharing'

const DEFAULTS = {
  /** Points of one stroke. */
  points_per_stroke: 10_000,
  /** Actions of one drawing. */
  actions_per_drawing: 5_000,
  /** Bytes of all drawings of one user, as they are stored. */
  bytes_per_user: 64 * 1024 * 1024,
  /** Coordinates lie between minus and plus this many times the paper's sides. */
  coordinate_factor: 4,
  /** The longest stroke of a one_stroke drawing, grid units. */
  one_stroke_length: 8_192,
  /** Characters of a title. */
  title_chars: 64,
  /** Days that a deleted drawing can be restored. */
  bin_days: 30,
  /** Days in which a user who left can come back. */
  erasure_days: 7,
}

class Limits {
  /** @param {{ wx: any, api: import('./api').Api }} deps */
  constructor({ wx, api }) {
    this.wx = wx
    this.api = api
    /** @type {typeof DEFAULTS} */
    this.now = { ...DEFAULTS, ...wx.getStorageSync(KEY) }
    /** Drawings can be shared. */
    this.sharing = wx.getStorageSync(SHARING) === true
    /** Friends can draw in one drawing; known as soon as the server was asked. */
    this.rooms = false
  }

  /** Asks the server, and keeps its answer for the next start. @returns {Promise<void>} rejects with a Failure */
  async refresh() {
    const said = await this.api.limits()
    /** @type {Record<string, number>} */
    const known = {}
    for (const name of Object.keys(DEFAULTS)) if (Number.isInteger(said[name]) && said[name] > 0) known[name] = said[name]
    this.now = { ...DEFAULTS, ...known }
    this.sharing = Boolean(said.sharing && said.sharing.level && said.sharing.level !== 'off')
    this.rooms = Boolean(said.rooms && said.rooms.enabled)
    try {
      this.wx.setStorageSync(KEY, known)
      this.wx.setStorageSync(SHARING, this.sharing)
    } catch {
      // Then the next start begins with the defaults.
    }
  }
}

module.exports = { Limits, DEFAULTS }
