//! The calls of the contract (wit/) by the canonical ABI, as far as this job needs them. Nothing in here knows of words.
//!
//! An exported function takes its arguments as flat numbers; lists and strings are a pointer and a length in memory that
//! the host asked `cabi_realloc` for. It returns a pointer to its result. Everything of a call lives in one arena that
//! the next call empties.
const std = @import("std");

var arena = std.heap.ArenaAllocator.init(std.heap.wasm_allocator);
pub const allocator = arena.allocator();

/// A list as it lies in memory.
pub fn List(comptime T: type) type {
    return extern struct {
        ptr: [*]const T,
        len: usize,

        pub fn slice(self: @This()) []const T {
            return self.ptr[0..self.len];
        }
    };
}

pub const Text = List(u8);
pub const Argument = extern struct { name: Text, value: Text };
const Port = extern struct { operator: u32, index: u32 };
const StateNumber = extern struct { operator: u32, name: Text, number: u32 };

/// `operator.task-spec`: too many arguments for a call, so it comes as one pointer.
pub const TaskSpec = extern struct {
    job: Text,
    subtask: u32,
    parallelism: u32,
    max_parallelism: u32,
    attempt: u32,
    arguments: List(Argument),
    operators: List(u32),
    inputs: List(List(Port)),
    outputs: List(Port),
    states: List(StateNumber),
    output_soft_bytes: u32,
};

/// `types.bytes-column` as it comes in: without ends, all entries have one width.
pub const View = extern struct {
    ends: List(u32),
    data: List(u8),

    pub fn at(self: View, i: usize, count: usize) []const u8 {
        if (self.ends.len == 0) {
            const width = self.data.len / count;
            return self.data.ptr[i * width ..][0..width];
        }
        const start = if (i == 0) 0 else self.ends.ptr[i - 1];
        return self.data.ptr[start..self.ends.ptr[i]];
    }
};

pub const Batch = struct { count: u32, keys: View, values: View };
pub const Timers = struct { count: u32, keys: View };

/// A column that is written; it always spells its ends out.
pub const Column = struct {
    ends: std.ArrayListUnmanaged(u32) = .empty,
    data: std.ArrayListUnmanaged(u8) = .empty,

    pub fn push(self: *Column, entry: []const u8) !void {
        try self.data.appendSlice(allocator, entry);
        try self.ends.append(allocator, @intCast(self.data.items.len));
    }
};

/// Records on their way out.
pub const Output = struct {
    keys: Column = .{},
    values: Column = .{},

    pub fn push(self: *Output, key: []const u8, value: []const u8) !void {
        try self.keys.push(key);
        try self.values.push(value);
    }

    pub fn size(self: *const Output) usize {
        return self.keys.data.items.len + self.values.data.items.len;
    }

    pub fn emit(self: *const Output, port: u32) void {
        const count = self.values.ends.items.len;
        if (count == 0) return;
        host_output.emit(port, count, empty, 0, at(self.keys.ends.items), count, at(self.keys.data.items), self.keys.data.items.len, at(self.values.ends.items), count, at(self.values.data.items), self.values.data.items.len);
    }
};

/// The host checks the pointer of an empty list too, and Zig's may be anything.
const empty = 8;

fn at(slice: anytype) usize {
    return if (slice.len == 0) empty else @intFromPtr(slice.ptr);
}

const host_state = struct {
    extern "wasmill:dataflow/state@0.1.0" fn @"get-many"(state: u32, count: usize, key_ends: usize, key_end_count: usize, keys: usize, key_bytes: usize, sub_ends: usize, sub_end_count: usize, subs: usize, sub_bytes: usize, result: *Found) void;
    extern "wasmill:dataflow/state@0.1.0" fn @"put-many"(state: u32, count: usize, key_ends: usize, key_end_count: usize, keys: usize, key_bytes: usize, sub_ends: usize, sub_end_count: usize, subs: usize, sub_bytes: usize, value_ends: usize, value_end_count: usize, values: usize, value_bytes: usize) void;
};
const host_timers = struct {
    extern "wasmill:dataflow/timers@0.1.0" fn register(domain: u32, count: usize, times: usize, time_count: usize, key_ends: usize, key_end_count: usize, keys: usize, key_bytes: usize, space_ends: usize, space_end_count: usize, spaces: usize, space_bytes: usize) void;
};
const host_output = struct {
    extern "wasmill:dataflow/output@0.1.0" fn emit(port: u32, count: usize, times: usize, time_count: usize, key_ends: usize, key_end_count: usize, keys: usize, key_bytes: usize, value_ends: usize, value_end_count: usize, values: usize, value_bytes: usize) void;
};

/// `state.found`.
pub const Found = extern struct {
    there: List(u8),
    values: View,

    pub fn present(self: Found, i: usize) bool {
        return self.there.ptr[i] != 0;
    }

    pub fn value(self: Found, i: usize) []const u8 {
        return self.values.at(i, self.there.len);
    }
};

/// Sub-keys are empty: a column of empty entries has neither ends nor data.
pub fn getMany(state: u32, keys: Column) Found {
    var found: Found = undefined;
    host_state.@"get-many"(state, keys.ends.items.len, at(keys.ends.items), keys.ends.items.len, at(keys.data.items), keys.data.items.len, empty, 0, empty, 0, &found);
    return found;
}

pub fn putMany(state: u32, keys: Column, values: Column) void {
    host_state.@"put-many"(state, keys.ends.items.len, at(keys.ends.items), keys.ends.items.len, at(keys.data.items), keys.data.items.len, empty, 0, empty, 0, at(values.ends.items), values.ends.items.len, at(values.data.items), values.data.items.len);
}

pub fn registerEventTimers(keys: Column, time: i64) !void {
    const count = keys.ends.items.len;
    if (count == 0) return;
    const times = try allocator.alloc(i64, count);
    @memset(times, time);
    host_timers.register(0, count, at(times), count, at(keys.ends.items), count, at(keys.data.items), keys.data.items.len, empty, 0, empty, 0);
}

/// A text as it stands between the quotes of a JSON string.
pub fn jsonText(text: []const u8) ![]const u8 {
    var out = std.ArrayListUnmanaged(u8).empty;
    for (text) |byte| switch (byte) {
        '"', '\\' => try out.appendSlice(allocator, &.{ '\\', byte }),
        0...31 => try out.appendSlice(allocator, try std.fmt.allocPrint(allocator, "\\u{x:0>4}", .{byte})),
        else => try out.append(allocator, byte),
    };
    return out.items;
}

pub const Answer = union(enum) { document: []const u8, refused: []const u8 };

/// A result as it lies in memory: `tag` is 0 for ok. The words behind it are the payload: of `result<u32, failure>` the
/// number or the failure, whose case 1 is `operator` with a text.
const Result = extern struct { tag: u32 = 0, a: u32 = 0, b: u32 = 0, c: u32 = 0, d: u32 = 0 };
var result = Result{};

fn refuse(text: []const u8) *Result {
    result = .{ .tag = 1, .a = 1, .b = @intCast(at(text)), .c = @intCast(text.len) };
    return &result;
}

fn done(count: anyerror!u32) *Result {
    const n = count catch |problem| return refuse(@errorName(problem));
    result = .{ .a = n };
    return &result;
}

/// The arguments of a call have come into the arena before it begins, so it is emptied when a call has ended.
fn postReturn(_: *Result) callconv(.c) void {
    _ = arena.reset(.retain_capacity);
}

fn realloc(old: ?[*]u8, old_len: usize, alignment: usize, len: usize) callconv(.c) ?[*]u8 {
    const p = allocator.rawAlloc(len, std.mem.Alignment.fromByteUnits(alignment), @returnAddress()) orelse @trap();
    if (old) |o| @memcpy(p[0..@min(old_len, len)], o[0..@min(old_len, len)]);
    return p;
}

/// Exports the calls of a job.
pub fn exports(comptime Job: type) void {
    const calls = struct {
        fn describe() callconv(.c) *Result {
            const text = Job.describe() catch @trap();
            result = .{ .tag = @intCast(at(text)), .a = @intCast(text.len) };
            return &result;
        }
        fn plan(arguments: [*]const Argument, count: usize) callconv(.c) *Result {
            const answer = Job.makePlan(arguments[0..count]) catch @trap();
            const text = switch (answer) {
                inline else => |text| text,
            };
            result = .{ .tag = @intFromBool(answer == .refused), .a = @intCast(at(text)), .b = @intCast(text.len) };
            return &result;
        }
        fn open(spec: *const TaskSpec) callconv(.c) *Result {
            Job.open(spec) catch |problem| return refuse(@errorName(problem));
            return done(0);
        }
        fn process(_: i64, _: i64, _: u32, count: u32, _: [*]const i64, _: usize, key_ends: [*]const u32, key_end_count: usize, keys: [*]const u8, key_bytes: usize, value_ends: [*]const u32, value_end_count: usize, values: [*]const u8, value_bytes: usize) callconv(.c) *Result {
            return done(Job.process(.{
                .count = count,
                .keys = .{ .ends = .{ .ptr = key_ends, .len = key_end_count }, .data = .{ .ptr = keys, .len = key_bytes } },
                .values = .{ .ends = .{ .ptr = value_ends, .len = value_end_count }, .data = .{ .ptr = values, .len = value_bytes } },
            }));
        }
        fn onTimers(_: i64, _: i64, _: u32, count: u32, _: [*]const i64, _: usize, key_ends: [*]const u32, key_end_count: usize, keys: [*]const u8, key_bytes: usize, _: [*]const u32, _: usize, _: [*]const u8, _: usize) callconv(.c) *Result {
            return done(Job.onTimers(.{
                .count = count,
                .keys = .{ .ends = .{ .ptr = key_ends, .len = key_end_count }, .data = .{ .ptr = keys, .len = key_bytes } },
            }));
        }
        fn onWatermark(_: i64, _: i64, _: u32, _: i64) callconv(.c) *Result {
            return done(0);
        }
        fn finish(_: i64, _: i64) callconv(.c) *Result {
            return done(0);
        }
    };
    const named = .{
        .{ &calls.describe, "manifest@0.1.0#describe" },
        .{ &calls.plan, "plan@0.1.0#plan" },
        .{ &calls.open, "operator@0.1.0#open" },
        .{ &calls.process, "operator@0.1.0#process" },
        .{ &calls.onTimers, "operator@0.1.0#on-timers" },
        .{ &calls.onWatermark, "operator@0.1.0#on-watermark" },
        .{ &calls.finish, "operator@0.1.0#finish" },
    };
    for (named) |call| {
        @export(call[0], .{ .name = "wasmill:dataflow/" ++ call[1] });
        @export(&postReturn, .{ .name = "cabi_post_wasmill:dataflow/" ++ call[1] });
    }
    @export(&realloc, .{ .name = "cabi_realloc" });
}
