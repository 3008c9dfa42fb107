// The sheet behind 更多.
Component({
  properties: {
    show: Boolean,
    oneStroke: Boolean,
    /** The one stroke is drawn. */
    done: Boolean,
    /** Something is drawn, and all of it is loaded. */
    drawn: Boolean,
    blank: Boolean,
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    choose({ currentTarget }) {
      this.triggerEvent('choose', { item: currentTarget.dataset.item })
    },
  },
})
