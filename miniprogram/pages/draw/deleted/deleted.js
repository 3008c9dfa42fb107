// The sheet of a drawing that another device deleted while it is open here.
Component({
  properties: {
    show: Boolean,
    /** It is in the bin and can be restored. */
    restorable: Boolean,
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    restore() {
      this.triggerEvent('restore')
    },
    saveAsNew() {
      this.triggerEvent('copy')
    },
    giveUp() {
      wx.showModal({
        title: '放弃这幅画？',
        content: '在这里画的、还没有保存的几笔会丢失，不能找回。',
        confirmText: '放弃',
        cancelText: '留着',
        confirmColor: '#ad3a29',
        success: ({ confirm }) => {
          if (confirm) this.triggerEvent('discard')
        },
      })
    },
  },
})
