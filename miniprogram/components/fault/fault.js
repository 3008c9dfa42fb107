const { Failure } = require('../../lib/http')
const { failureWords } = require('../../lib/words')

// Tells the user what went wrong, with the number that support asks for.
Component({
  data: { show: false, title: '', text: '', number: '', again: '' },
  methods: {
    /**
     * @param {unknown} error
     * @param {{ label: string, run: () => void }} [again] offered as the first button
     */
    tell(error, again) {
      const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
      this.run = again && again.run
      this.setData({ show: true, again: again ? again.label : '', ...failureWords(failure) })
    },
    close() {
      this.setData({ show: false })
    },
    retry() {
      this.close()
      if (this.run) this.run()
    },
    copy() {
      wx.setClipboardData({ data: this.data.number })
    },
  },
})
