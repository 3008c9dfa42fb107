//! The lists of cases. A case outside of them is dead code, which the lints reject.

/// Makes a test of each named case, with a new store.
macro_rules! cases {
    ($suite:ident, $open:path: $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let opened = $open();
                $suite::$case(&opened.store).await;
            }
        )*
    };
}

/// All cases of [`crate::gallery`], in a module of the backend.
macro_rules! gallery_cases {
    ($open:path) => {
        mod admin {
            use crate::gallery::admin as suite;

            cases! { suite, $open:
                users_are_paged_in_three_orders
                a_block_is_kept_since_it_was_made
                the_users_of_a_person_are_found
                drawings_of_all_users_are_paged
                the_audit_log_is_paged_from_its_end
            }
        }
        mod append {
            use crate::gallery::append as suite;

            cases! { suite, $open:
                the_first_append_makes_the_drawing
                a_drawing_is_made_at_0_only
                an_append_goes_behind_the_list
                an_empty_batch_makes_a_drawing_and_changes_none
                a_list_that_ends_elsewhere_refuses
                a_drawing_of_another_paper_or_mode_refuses
                the_bin_refuses
                one_stroke_refuses_a_second_stroke_and_what_does_not_fit
                a_paper_too_small_refuses
                too_many_actions_are_refused
                too_many_bytes_are_refused
                too_many_points_are_refused
                obstacles_are_told_in_their_order
                a_new_drawing_refuses_what_an_empty_one_would
                of_many_appends_at_one_number_one_wins
                of_many_creations_one_wins
                appends_by_many_tasks_all_arrive_in_order
                a_long_drawing_reads_back_exactly
                since_reads_the_tail_from_anywhere
                big_actions_read_back_exactly
                a_reader_never_sees_half_an_append
            }
        }
        mod avatars {
            use crate::gallery::avatars as suite;

            cases! { suite, $open:
                an_avatar_takes_the_place_of_the_one_before
                of_concurrent_avatars_one_is_left
                an_avatar_is_taken_away_by_its_id
                an_avatar_goes_with_its_user
                wechats_avatar_is_kept_and_stands_behind_an_uploaded_one
            }
        }
        mod checks {
            use crate::gallery::checks as suite;

            cases! { suite, $open:
                a_subject_has_one_check
                due_checks_are_listed_longest_first
                a_check_is_changed_as_it_was_read_only
                of_concurrent_changes_one_wins
                an_answer_finds_its_check
                checks_go_with_their_user
                the_check_of_a_title_goes_with_its_drawing
                a_nickname_is_cleared_if_it_is_still_that
            }
        }
        mod lists {
            use crate::gallery::lists as suite;

            cases! { suite, $open:
                an_unknown_drawing_is_nothing
                pages_go_from_the_newest_change_down
                equal_moments_are_ordered_by_id
                pages_are_stable_while_drawings_change
                the_bin_has_pages_of_its_own
                a_title_is_changed_outside_the_bin_only
                deleting_and_restoring_are_told_once
                the_bin_is_listed_longest_first
                usage_follows_every_change
                due_purges_are_listed_longest_first
                a_purge_waits_until_it_is_due
                a_purged_drawing_begins_anew
                users_never_mix
                awkward_ids_are_kept_as_they_are
            }
        }
        mod miniprogram_codes {
            use crate::gallery::miniprogram_codes as suite;

            cases! { suite, $open:
                a_picture_is_kept_under_its_whole_key
                the_first_picture_of_a_key_stays
                the_pictures_of_a_scene_are_removed
                an_erased_users_codes_lose_their_pictures
            }
        }
        mod rooms {
            use crate::gallery::rooms as suite;

            cases! { suite, $open:
                a_room_is_kept_as_it_was_written
                a_room_is_changed_as_it_was_read_only
                a_stroke_and_its_room_are_one_write
                of_many_strokes_at_one_place_one_wins
                a_relay_refuses_appends_past_its_room
                a_2016_save_leaves_a_drawing_of_several_people
                codes_of_rooms_are_paged_from_the_newest
                people_are_in_rooms_until_they_are_removed
                a_room_goes_with_its_drawing_and_its_people
            }
        }
        mod orders {
            use crate::gallery::orders as suite;

            cases! { suite, $open:
                an_order_is_stored_once_with_its_picture
                an_order_changes_at_the_version_that_was_read
                the_earliest_effect_makes_an_order_due
                orders_are_paged_by_user_and_by_state
                an_order_outlives_its_user_without_address_and_picture
                orders_are_read_and_written_for_a_move
            }
        }
        mod reviews {
            use crate::gallery::reviews as suite;

            cases! { suite, $open:
                the_same_content_opens_one_case
                a_case_is_changed_as_it_was_read_only
                cases_are_paged_by_rank_with_equal_ranks
                the_oldest_held_case_is_found
                a_reporter_reports_a_share_once
                evidence_is_kept_until_it_expires
                evidence_is_sealed_anew_if_it_is_still_that
                a_case_outlives_its_author_without_the_name
                review_is_read_behind_a_position_and_written_over
            }
        }
        mod shares {
            use crate::gallery::shares as suite;

            cases! { suite, $open:
                a_code_leads_to_its_drawing
                of_concurrent_first_shares_one_wins
                a_share_is_changed_as_it_was_read_only
                of_concurrent_changes_of_a_share_one_wins
                shares_are_paged_from_the_newest_with_equal_times
                copies_are_kept_by_their_numbers
                a_purge_removes_the_share_of_its_drawing_only
                an_erasure_removes_the_shares_and_reports_of_one_user_only
                shares_are_read_behind_a_position_and_written_over
            }
        }
        mod users {
            use crate::gallery::users as suite;

            cases! { suite, $open:
                ping_answers
                a_sign_in_makes_the_user_once
                concurrent_sign_ins_make_one_user
                a_later_sign_in_brings_a_unionid
                a_nickname_is_kept
                a_unionid_is_kept_once
                a_phone_is_kept_and_forgotten
                a_phone_is_sealed_anew_if_it_is_still_that
                a_sign_in_cancels_a_pending_erasure_when_it_reopens
                due_erasures_are_listed
                erasing_waits_until_it_is_due
                erasure_removes_all_data_of_one_user_only
            }
        }
        mod weapp {
            use crate::gallery::weapp as suite;

            cases! { suite, $open:
                a_save_makes_a_drawing
                a_save_takes_the_place_of_saves
                a_save_goes_behind_modern_actions
                a_modern_append_goes_behind_a_save
                a_save_brings_a_drawing_back_from_the_bin
                a_save_keeps_the_limits
                a_save_keeps_the_limit_of_points
                one_stroke_takes_no_save
                a_2016_id_is_kept
                concurrent_saves_leave_one
                the_list_is_ordered_by_first_save
                the_list_tells_the_last_save
                the_list_is_bounded_in_bytes
            }
        }
    };
}

/// All cases of [`crate::sessions`], in a module of the backend.
macro_rules! sessions_cases {
    ($open:path) => {
        mod sessions_admin {
            use crate::sessions_admin as suite;

            cases! { suite, $open:
                sessions_are_paged_in_three_orders
                ended_sessions_are_on_no_page
            }
        }
        mod sessions {
            use crate::sessions as suite;

            cases! { suite, $open:
                ping_answers
                a_code_is_claimed_once
                concurrent_claims_grant_one
                a_claim_ends_with_its_lease
                a_settled_code_stays_settled
                a_settled_code_is_forgotten_in_time
                only_the_holder_releases
                a_session_is_read_as_it_was_made
                a_session_ends_when_it_is_idle
                a_session_ends_however_much_it_is_used
                a_read_slides
                nothing_slides_beyond_the_end
                a_wrong_guess_of_the_user_changes_nothing
                a_session_is_replaced_as_it_was_known_only
                of_concurrent_replacements_one_wins
                a_session_is_removed_by_its_user_only
                sessions_of_a_user_come_newest_use_first
                removing_all_ends_every_session_of_that_user
                a_replacement_does_not_outlive_remove_all
                a_lease_has_one_holder
                a_lease_ends_by_itself
                concurrent_takers_share_no_lease
                a_note_is_kept_for_its_time
                a_note_is_dropped_as_it_was_known_only
            }
        }
    };
}
