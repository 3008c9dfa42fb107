// The sheet that asks for a drawing's title. It stays open until the page says that the title was taken.
Component({
  properties: { show: Boolean, value: String, max: Number },
  data: { typed: '' },
  observers: {
    'show, value': function begin(/** @type {boolean} */ show, /** @type {string} */ value) {
      if (show) this.setData({ typed: value })
    },
  },
  methods: {
    type({ detail }) {
      this.data.typed = detail.value
    },
    close() {
      this.triggerEvent('close')
    },
    save() {
      this.triggerEvent('save', { title: this.data.typed.trim() })
    },
  },
})
