const { Failure } = require('../../lib/http')
const { bindPhone } = require('../../lib/phone')
const { Poll } = require('../../lib/poll')
const { PAGE, appCard, isChecking, isLive, shareCard } = require('../../lib/share')
const { REVOKE, shareWords } = require('../../lib/words')

/**
 * @typedef {object} State
 * @property {import('../../lib/drawing').Drawing} drawing
 * @property {import('../../lib/share').Share | null} share null until it is known, and where there is none
 * @property {Poll} poll
 */

/** What each sheet shows. @type {WeakMap<object, State>} */
const states = new WeakMap()

// The sheet behind 分享: who sees the drawing, the state of its check, and the ways to pass it on.
Component({
  data: {
    show: false,
    /**
     * - `wait`  a request is under way
     * - `ask`   the drawing is not shared
     * - `link`  it is, and its link can be passed on
     * - `removed` it was refused
     * - `phone` a phone number has to be bound first
     * @type {'wait' | 'ask' | 'link' | 'removed' | 'phone'}
     */
    step: /** @type {'wait' | 'ask' | 'link' | 'removed' | 'phone'} */ ('wait'),
    words: { icon: '', title: '', text: '' },
    /** Something was drawn since the drawing was shared. */
    behind: false,
  },
  lifetimes: {
    detached() {
      this.rest()
    },
  },
  methods: {
    /** @param {import('../../lib/drawing').Drawing} drawing */
    open(drawing) {
      this.rest()
      const known = states.get(this)
      const share = known && known.drawing.id === drawing.id ? known.share : null
      states.set(this, { drawing, share, poll: new Poll(() => void this.load(true)) })
      this.setData({ show: true, step: 'wait' })
      return this.load()
    },

    /**
     * The card of a drawing: that of its share where the sheet has made one, otherwise the app's.
     * @param {import('../../lib/drawing').Drawing} [drawing] by default the one that the sheet is about
     */
    card(drawing) {
      const state = states.get(this)
      if (!state || !state.share || !isLive(state.share) || (drawing && drawing.id !== state.drawing.id)) return appCard()
      const { code, state: check, url } = state.share
      return shareCard(code, check === 'shown' ? `${url}/card.png?shape=5x4` : '')
    },

    /** Ends the questions about the check. */
    rest() {
      const state = states.get(this)
      if (state) state.poll.stop()
    },

    close() {
      this.rest()
      this.setData({ show: false })
    },

    /**
     * Runs what belongs to the drawing of the sheet, and shows the share that comes of it.
     * @param {(drawing: import('../../lib/drawing').Drawing) => Promise<import('../../lib/share').Share | null>} run
     * @param {(() => void) | null} again tries it again at a tap; null for a question that asks again by itself
     */
    async with(run, again) {
      const state = states.get(this)
      if (!state) return
      const { saver, studio } = getApp()
      const { drawing } = state
      try {
        // The server shares what it has, so what is only on the phone goes there first.
        if (!(await studio.saved(drawing))) throw saver.status(drawing.id).failure
        const share = await run(drawing)
        if (states.get(this) === state) this.present(share)
      } catch (error) {
        if (states.get(this) === state) await this.failed(error, again)
      }
    },

    /** @param {boolean} [quietly] the sheet shows the share already */
    load(quietly = false) {
      return this.with((drawing) => getApp().api.shareOf(drawing.id), quietly ? null : () => this.reopen())
    },

    reopen() {
      const state = states.get(this)
      if (state) void this.open(state.drawing)
    },

    create() {
      this.setData({ step: 'wait' })
      return this.with((drawing) => getApp().api.share(drawing.id), () => {
        this.setData({ show: true })
        void this.create()
      })
    },

    /** @param {import('../../lib/share').Share | null} share */
    present(share) {
      const state = /** @type {State} */ (states.get(this))
      state.share = share
      if (!share || share.state === 'revoked') {
        this.setData({ step: 'ask' })
        return
      }
      const newest = Math.max(share.shown_seq || 0, share.checking_seq || 0)
      this.setData({
        step: isLive(share) ? 'link' : 'removed',
        words: shareWords(share),
        behind: newest > 0 && state.drawing.seq > newest,
      })
      if (this.data.show && isChecking(share)) state.poll.later()
    },

    /** @param {unknown} error @param {(() => void) | null} again */
    async failed(error, again) {
      const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
      const state = /** @type {State} */ (states.get(this))
      if (failure.code === 'phone_required') {
        this.setData({ step: 'phone' })
        return
      }
      if (failure.code === 'sharing_off') await getApp().limits.refresh().catch(() => {})
      // The link can be passed on meanwhile.
      if (failure.passing && !again) {
        state.poll.later()
        return
      }
      const { show } = this.data
      this.close()
      if (show) this.selectComponent('#fault').tell(failure, ...(again && offersAgain(failure) ? [{ label: '再试一次', run: again }] : []))
    },

    /** @param {{ detail: import('../../lib/phone').Given }} event */
    async phoneGiven({ detail }) {
      try {
        if (await bindPhone(getApp(), detail)) await this.create()
      } catch (error) {
        this.selectComponent('#fault').tell(error)
      }
    },

    copyLink() {
      const state = states.get(this)
      if (state && state.share) wx.setClipboardData({ data: state.share.url })
    },

    /** The page as others see it, which the timeline takes too. */
    look() {
      const state = states.get(this)
      this.close()
      if (state && state.share) wx.navigateTo({ url: `/${PAGE}?code=${state.share.code}` })
    },

    makeGif() {
      const state = states.get(this)
      this.close()
      if (state) this.triggerEvent('gif', { drawing: state.drawing })
    },

    openAgreement() {
      wx.navigateTo({ url: '/pages/agreement/agreement' })
    },

    revoke() {
      wx.showModal({
        ...REVOKE,
        success: ({ confirm }) => {
          if (!confirm) return
          this.rest()
          void this.with(async (drawing) => {
            await getApp().api.unshare(drawing.id)
            wx.showToast({ title: '已收回', icon: 'success' })
            return null
          }, () => this.reopen())
        },
      })
    },
  },
})

/** Whether the same request may have another end. @param {Failure} failure */
function offersAgain({ code }) {
  return !['sharing_off', 'nothing_to_share', 'share_removed'].includes(code)
}
