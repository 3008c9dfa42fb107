const { Failure } = require('../../lib/http')
const { failureWords } = require('../../lib/words')

/** @typedef {{ label: string, run: () => void }} Action */

/** The actions of the buttons, by component. @type {WeakMap<object, Action[]>} */
const actions = new WeakMap()

// Tells the user what went wrong, what can be done, and the number that support asks for.
Component({
  data: { show: false, title: '', text: '', number: '', labels: /** @type {string[]} */ ([]), contact: false },
  methods: {
    /**
     * @param {unknown} error
     * @param {...Action} offered the buttons, the main one first; a failure that a sign-in ends offers that first
     */
    tell(error, ...offered) {
      const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
      const own = failure.kind === 'signed_out' ? [this.signIn(failure, offered[0])] : offered
      actions.set(this, own)
      const words = failureWords(failure)
      // A number is of use only to those who can send it.
      this.setData({ show: true, labels: own.map(({ label }) => label), contact: Boolean(words.number), ...words })
    },
    /** @param {Failure} failure @param {Action} [then] @returns {Action} */
    signIn({ code }, then) {
      const reopen = code === 'account_closing'
      return {
        label: reopen ? '取消注销并登录' : '登录',
        run: () => {
          getApp().signIn({ reopen }).then(then && then.run, (/** @type {unknown} */ error) => this.tell(error))
        },
      }
    },
    close() {
      this.setData({ show: false })
    },
    act({ currentTarget }) {
      this.close()
      const own = actions.get(this)
      if (own) own[currentTarget.dataset.index].run()
    },
    copy() {
      wx.setClipboardData({ data: this.data.number })
    },
  },
})
