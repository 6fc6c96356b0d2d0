//! Counts the words of text files: a job in a language without an SDK, on the contract in wit/ alone.
//!
//! `abi.zig` has the calls of the contract. Here is what a job is made of: its two documents, and two operators. The
//! first cuts lines into words and gives each its key; the second counts a key's words and tells the count at the end.
const std = @import("std");
const abi = @import("abi.zig");

const words_operator = 1;
const count_operator = 2;

const operators =
    \\[ { "id": 0, "uid": "lines", "name": "text-files", "kind": "source", "parallelism": null,
    \\    "connector": { "type": "text-files", "path": "$PATH" }, "outputs": [ { "name": "out", "schema": "string" } ] },
    \\  { "id": 1, "uid": "words", "name": "words", "kind": "operator", "parallelism": null,
    \\    "inputs": [ { "schema": "string" } ],
    \\    "outputs": [ { "name": "out", "schema": "string", "key_schema": "string" } ],
    \\    "keyed": false, "states": [], "watermarks": null },
    \\  { "id": 2, "uid": "count", "name": "count", "kind": "operator", "parallelism": null,
    \\    "inputs": [ { "schema": "string" } ], "outputs": [ { "name": "out", "schema": "string" } ],
    \\    "keyed": true, "watermarks": null,
    \\    "states": [ { "name": "seen", "kind": "value", "schema": "long", "sub_key_schema": null } ] },
    \\  { "id": 3, "uid": "counts", "name": "sink", "kind": "sink", "parallelism": null,
    \\    "connector": $SINK, "inputs": [ { "schema": "string" } ] } ]
;

const manifest =
    \\{ "version": 1, "name": "word-count-zig",
    \\  "sdk": { "language": "zig", "name": "none", "version": "0" },
    \\  "parameters": [
    \\    { "name": "path", "type": "string", "default": null, "description": "files, directory or pattern to read" },
    \\    { "name": "out", "type": "string", "default": "", "description": "directory to write counts to, else print" } ],
    \\  "operators": $OPERATORS }
;

const plan =
    \\{ "version": 1, "name": "word-count-zig", "max_parallelism": 128, "operators": $OPERATORS,
    \\  "edges": [
    \\    { "from": 0, "output": 0, "to": 1, "input": 0, "partitioning": "forward" },
    \\    { "from": 1, "output": 0, "to": 2, "input": 0, "partitioning": "hash" },
    \\    { "from": 2, "output": 0, "to": 3, "input": 0, "partitioning": "forward" } ] }
;

const a = abi.allocator;

fn document(template: []const u8, path: []const u8, out: []const u8) ![]const u8 {
    const quoted_path = try abi.jsonText(path);
    const quoted_out = try abi.jsonText(out);
    const sink = if (out.len == 0) "{ \"type\": \"print\" }" else try std.mem.concat(a, u8, &.{
        "{ \"type\": \"text-files\", \"path\": \"", quoted_out, "\" }",
    });
    const with_path = try std.mem.replaceOwned(u8, a, operators, "$PATH", quoted_path);
    const with_sink = try std.mem.replaceOwned(u8, a, with_path, "$SINK", sink);
    return std.mem.replaceOwned(u8, a, template, "$OPERATORS", with_sink);
}

pub fn describe() ![]const u8 {
    return document(manifest, "", "");
}

pub fn makePlan(arguments: []const abi.Argument) !abi.Answer {
    var path: ?[]const u8 = null;
    var out: []const u8 = "";
    for (arguments) |argument| {
        if (std.mem.eql(u8, argument.name.slice(), "path")) {
            path = argument.value.slice();
        } else if (std.mem.eql(u8, argument.name.slice(), "out")) {
            out = argument.value.slice();
        } else {
            return .{ .refused = "the job has the parameters path and out" };
        }
    }
    return .{ .document = try document(plan, path orelse return .{ .refused = "parameter path: it is missing, give a string" }, out) };
}

/// What `open` said. A cache: it is all in the call, and a fresh instance is told again.
var operator: u32 = 0;
var seen_state: u32 = 0;
var soft_bytes: usize = 0;

pub fn open(spec: *const abi.TaskSpec) !void {
    if (spec.operators.len != 1) return error.OneOperatorATask;
    operator = spec.operators.slice()[0];
    soft_bytes = spec.output_soft_bytes;
    for (spec.states.slice()) |state| seen_state = state.number;
}

/// Processes records from the front and says how many.
pub fn process(batch: abi.Batch) !u32 {
    return switch (operator) {
        words_operator => cutWords(batch),
        count_operator => countWords(batch),
        else => error.UnknownOperator,
    };
}

fn cutWords(batch: abi.Batch) !u32 {
    var out = abi.Output{};
    for (0..batch.count) |i| {
        var words = std.mem.tokenizeAny(u8, batch.values.at(i, batch.count), " \t.,;:!?()[]{}<>\"'`|=/*#-");
        while (words.next()) |word| {
            const lower = try std.ascii.allocLowerString(a, word);
            try out.push(lower, lower);
        }
        // The host makes this much real and calls again with the rest.
        if (out.size() >= soft_bytes) {
            out.emit(0);
            return @intCast(i + 1);
        }
    }
    out.emit(0);
    return batch.count;
}

fn countWords(batch: abi.Batch) !u32 {
    // The state of all keys of the batch is read in one call and written in one.
    var counts = std.StringArrayHashMapUnmanaged(i64).empty;
    for (0..batch.count) |i| {
        const entry = try counts.getOrPutValue(a, batch.keys.at(i, batch.count), 0);
        entry.value_ptr.* += 1;
    }
    var keys = abi.Column{};
    for (counts.keys()) |key| try keys.push(key);
    const found = abi.getMany(seen_state, keys);
    var values = abi.Column{};
    var fresh = abi.Column{};
    for (counts.keys(), counts.values(), 0..) |key, count, i| {
        const before = if (found.present(i)) std.mem.readInt(i64, found.value(i)[0..8], .little) else 0;
        if (before == 0) try fresh.push(key);
        var bytes: [8]u8 = undefined;
        std.mem.writeInt(i64, &bytes, before + count, .little);
        try values.push(&bytes);
    }
    abi.putMany(seen_state, keys, values);
    // Fires when the input has ended.
    try abi.registerEventTimers(fresh, std.math.maxInt(i64));
    return batch.count;
}

pub fn onTimers(timers: abi.Timers) !u32 {
    var keys = abi.Column{};
    for (0..timers.count) |i| try keys.push(timers.keys.at(i, timers.count));
    const found = abi.getMany(seen_state, keys);
    var out = abi.Output{};
    for (0..timers.count) |i| {
        const count = std.mem.readInt(i64, found.value(i)[0..8], .little);
        const line = try std.fmt.allocPrint(a, "{s} {d}", .{ timers.keys.at(i, timers.count), count });
        try out.push("", line);
    }
    out.emit(0);
    return timers.count;
}

comptime {
    abi.exports(@This());
}
